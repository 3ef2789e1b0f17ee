"""The signals that are told from few events, or from what was canceled first."""

from collections.abc import Callable

import pytest

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.history.signals import signal_behind
from waygrid_core.traversal.signals import Cancel, CancelBranches, Signal
from waygrid_core.traversal.timers import node_timer, timer_signal

RACE = """
entryPoints:
  - type: fork
    joinNodeId: race
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x}
      b:
        type: fork
        joinNodeId: inner
        branches:
          c: {type: standard, id: c, address: waygrid://processor/x}
          d: {type: standard, id: d, address: waygrid://processor/x}
        join: {type: join, joinNodeId: inner, strategy: {type: And}}
      e: {type: standard, id: e, address: waygrid://processor/x}
    join:
      type: join
      joinNodeId: race
      strategy: {type: Or}
      timeout: 1h
      onTimeout: {type: standard, id: late, address: waygrid://processor/x}
"""


def join_timeout(driver: Driver) -> Signal:
    return timer_signal(node_timer(TRAVERSAL, driver.node("race"), 1, "timeout"))


@pytest.mark.parametrize(
    "made",
    [
        join_timeout,
        lambda driver: CancelBranches(TRAVERSAL, "race", ("a", "b")),
        lambda driver: CancelBranches(TRAVERSAL, "race", ("b",)),
        lambda driver: CancelBranches(TRAVERSAL, "inner", ("c",)),
        lambda driver: CancelBranches(TRAVERSAL, "race", ("a", "b", "e")),
        lambda driver: Cancel(TRAVERSAL, "enough"),
    ],
    ids=["a join's timeout", "two branches", "a branch with branches", "an inner branch", "all branches", "a cancel"],
)
def test_what_cancels_is_told_from_what_was_canceled(made: Callable[[Driver], Signal]) -> None:
    driver = Driver(RACE)
    driver.begin()
    before, events_before = driver.state, len(driver.events)
    driver.send(made(driver))
    events = driver.events[events_before:]
    told = signal_behind(driver.dag, before, events, driver.now)
    assert told is not None
    again = Driver(RACE)
    again.begin()
    again.send(told)
    assert again.events[events_before:] == events
