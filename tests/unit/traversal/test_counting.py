"""What a join counts while branches open one after the other, and dates beyond the calendar."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.traversal.effects import Complete, Fail
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import CancelBranches

FORK = """
entryPoints:
  - type: fork
    joinNodeId: j
    concurrency: 1
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x}
      b: {type: standard, id: b, address: waygrid://processor/x}
      c: {type: standard, id: c, address: waygrid://processor/x}
    join: {type: join, joinNodeId: j, strategy: {type: %s}}
"""


def test_lost_branches_stay_counted_while_others_open() -> None:
    driver = Driver(FORK % "Quorum, n: 2")
    driver.begin()
    assert driver.names(driver.fail("a")) == ["DispatchNode b 1"]
    assert driver.fail("b") == (Fail(ErrorDetail("join-failed", "needs 2 successes; 0 branches succeeded, 2 did not")),)


def test_branches_that_succeeded_stay_counted_while_others_open() -> None:
    driver = Driver(FORK % "Quorum, n: 2")
    driver.begin()
    assert driver.names(driver.succeed("a", 1)) == ["DispatchNode b 1"]
    assert driver.names(driver.fail("b")) == ["DispatchNode c 1"]
    assert driver.succeed("c", 3) == (Complete({"a": 1, "c": 3}),)


def test_a_branch_that_was_canceled_while_it_waited_is_never_opened() -> None:
    driver = Driver(FORK % "Or")
    driver.begin()
    driver.send(CancelBranches(TRAVERSAL, "j", ("b",)))
    assert driver.names(driver.fail("a")) == ["DispatchNode c 1"]
    assert driver.succeed("c", 3) == (Complete({"c": 3}),)


@pytest.mark.parametrize(("n", "is_possible"), [(1, True), (3, True), (4, False)])
def test_a_quorum_from_data_may_be_all_branches_and_no_more(n: int, is_possible: bool) -> None:
    driver = Driver((FORK % "Quorum, n: {$from: /payload/n}").replace("    concurrency: 1\n", ""))
    effects = driver.begin({"n": n})
    if is_possible:
        assert driver.names(effects) == ["DispatchNode a 1", "DispatchNode b 1", "DispatchNode c 1"]
        assert driver.state.forks[driver.dag.forks["j"]].needed == n
    else:
        assert effects == (Fail(ErrorDetail("bad-value", "a quorum must be a whole number from 1 to 3")),)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
def test_what_would_be_due_after_the_calendar_is_due_at_its_last_instant(zone: tzinfo) -> None:
    driver = Driver("{timeout: 3650d, entryPoints: [{type: standard, address: waygrid://processor/x}]}")
    driver.now = datetime(9999, 1, 1, tzinfo=zone)
    assert driver.scheduled(driver.begin(), "traversal-timeout").at == datetime.max.replace(tzinfo=zone)
