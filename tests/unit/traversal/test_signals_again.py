"""Signals that come again, too late, or in a pause: what is written of them, and what is not."""

import pytest

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.model.identifiers import InputDigest, TimerId
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import BranchCanceled, NodeStarted, SignalHeld
from waygrid_core.traversal.rejections import AlreadyInProgress, InvalidNodeState
from waygrid_core.traversal.signals import (
    Begin,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    TraversalTimeout,
    Unpause,
)
from waygrid_core.traversal.timers import timer_signal

RETRIED = """
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    timeout: 10s
    retryPolicy: {type: Linear, base: 2s, maxRetries: 1}
"""


def test_the_same_begin_again_is_no_error_and_one_that_knows_otherwise_is() -> None:
    driver = Driver(RETRIED)
    digest = driver.dag.digests[driver.node("a")]
    driver.send(Begin(TRAVERSAL, {"q": 1}, known={(digest, InputDigest("x")): {"n": 1}}))
    before = driver.state
    assert driver.send(Begin(TRAVERSAL, {"q": 1}, known={(digest, InputDigest("x")): {"n": 1.0}})) == ()
    assert driver.state is before
    for otherwise in (
        Begin(TRAVERSAL, {"q": 1}, known={(digest, InputDigest("x")): {"n": 2}}),
        Begin(TRAVERSAL, {"q": 1}, known={(digest, InputDigest("x")): None}),
        Begin(TRAVERSAL, {"q": 1}, known={(digest, None): {"n": 1}}),
        Begin(TRAVERSAL, {"q": 1}),
        Begin(TRAVERSAL, {"q": 1}, run=2, known={(digest, InputDigest("x")): {"n": 1}}),
    ):
        assert driver.refused(otherwise) == AlreadyInProgress()


def test_before_the_begin_nothing_is_owed() -> None:
    driver = Driver(RETRIED)
    assert driver.waits_for() == []


def test_a_start_is_written_once_an_attempt() -> None:
    driver = Driver(RETRIED)
    driver.begin()
    start = NodeStart(TRAVERSAL, driver.node("a"), 1)
    assert driver.send(start) == ()
    assert driver.send(start) == ()
    assert [event for event in driver.events if isinstance(event, NodeStarted)] == [NodeStarted(driver.node("a"), 1)]


def test_a_timer_of_an_attempt_that_has_been_answered_is_not_held() -> None:
    driver = Driver(RETRIED)
    late = timer_signal(driver.scheduled(driver.begin(), "timeout").timer)
    driver.fail("a")
    driver.send(Pause(TRAVERSAL))
    before = driver.state
    assert driver.send(late) == ()
    assert driver.state is before


def test_a_timer_that_fires_in_a_pause_is_held_once() -> None:
    driver = Driver(RETRIED)
    timer = timer_signal(driver.scheduled(driver.begin(), "timeout").timer)
    driver.send(Pause(TRAVERSAL))
    driver.send(timer)
    driver.send(timer)
    assert [event for event in driver.events if isinstance(event, SignalHeld)] == [SignalHeld(timer)]
    assert driver.names(driver.send(Unpause(TRAVERSAL))) == ["CancelNode a 1", "Schedule retry a"]


@pytest.mark.parametrize("room", ["", "concurrency: 1"])
def test_branches_that_wait_in_a_fork_that_is_canceled_are_canceled_too(room: str) -> None:
    driver = Driver(f"""
entryPoints:
  - type: fork
    joinNodeId: outer
    branches:
      a: {{type: standard, id: a, address: waygrid://processor/x}}
      b:
        type: fork
        joinNodeId: inner
        {room}
        branches:
          p: {{type: standard, id: p, address: waygrid://processor/x}}
          q: {{type: standard, id: q, address: waygrid://processor/x}}
        join: {{type: join, joinNodeId: inner, strategy: {{type: And}}}}
    join: {{type: join, joinNodeId: outer, strategy: {{type: Or}}}}
""")
    driver.begin()
    driver.send(CancelBranches(TRAVERSAL, "outer", ("b",)))
    inner, outer = driver.dag.forks["inner"], driver.dag.forks["outer"]
    assert [event for event in driver.events if isinstance(event, BranchCanceled)] == [
        BranchCanceled(inner, "p"),
        BranchCanceled(inner, "q"),
        BranchCanceled(outer, "b"),
    ]
    assert {run.status for run in driver.state.forks[inner].branches.values()} == {"canceled"}


@pytest.mark.parametrize("kind", ["resume", "retry", "timeout", "traversal-timeout"])
def test_a_timer_brings_the_signal_of_its_kind(kind: str) -> None:
    signal = timer_signal(TimerId(f"{TRAVERSAL}/n/3/{kind}"))
    assert signal.traversal == TRAVERSAL
    assert signal.timer == f"{TRAVERSAL}/n/3/{kind}"
    assert type(signal).__name__ == "".join(word.title() for word in kind.split("-"))
    assert isinstance(signal, TraversalTimeout) or (signal.node, signal.attempt) == ("n", 3)


def test_a_text_that_is_no_timer_of_a_traversal_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^'t/n/1/alarm' is no timer of a traversal$"):
        timer_signal(TimerId("t/n/1/alarm"))


def test_who_answers_for_a_node_that_was_never_asked_is_told_so() -> None:
    driver = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess:
      type: pass
      id: p
      onSuccess: {type: standard, id: b, address: waygrid://processor/x}
""")
    driver.begin()
    a, b, p = (driver.node(name) for name in "abp")
    assert driver.refused(NodeSuccess(TRAVERSAL, p, 1)) == InvalidNodeState(p, "it is never dispatched")
    for node, attempt in ((a, 0), (a, 2), (b, 1)):
        refused = InvalidNodeState(node, f"attempt {attempt} was never dispatched")
        assert driver.refused(NodeSuccess(TRAVERSAL, node, attempt)) == refused
        assert driver.refused(NodeFailure(TRAVERSAL, node, attempt, ErrorDetail("x"))) == refused
        assert driver.refused(NodeStart(TRAVERSAL, node, attempt)) == refused
