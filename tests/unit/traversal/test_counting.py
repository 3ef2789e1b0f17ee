"""What a join counts while branches open one after the other, and dates beyond the calendar."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo

import pytest
from attrs import evolve

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.traversal.effects import Complete, Fail
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.handlers.begin import MAX_FORK_DEPTH
from waygrid_core.traversal.rejections import EmptyDag, MissingEntryNode, NestedForkDepthExceeded
from waygrid_core.traversal.signals import Begin, Cancel, CancelBranches

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


@pytest.mark.parametrize("ending", ["holds", "fails", "canceled"])
def test_a_fork_is_open_until_its_join_has_ended(ending: str) -> None:
    driver = Driver(FORK % "Or")
    driver.begin()
    fork = driver.dag.forks["j"]
    assert driver.state.forks[fork].is_open
    driver.fail("a")
    assert driver.state.forks[fork].is_open
    if ending == "holds":
        driver.succeed("b")
    elif ending == "fails":
        driver.fail("b")
        driver.fail("c")
    else:
        driver.send(Cancel(TRAVERSAL))
    assert driver.state.has_ended
    assert not driver.state.forks[fork].is_open


def test_forks_nest_as_deep_as_the_machine_allows_and_no_deeper() -> None:
    driver = Driver(FORK % "Or")
    dag = driver.dag
    driver.dag = evolve(dag, fork_depth=MAX_FORK_DEPTH + 1)
    assert driver.refused(Begin(TRAVERSAL, {})) == NestedForkDepthExceeded(MAX_FORK_DEPTH + 1)
    driver.dag = evolve(dag, fork_depth=MAX_FORK_DEPTH)
    assert driver.names(driver.begin()) == ["DispatchNode a 1"]


def test_a_dag_without_an_entry_point_begins_nowhere() -> None:
    driver = Driver(FORK % "Or")
    dag = driver.dag
    driver.dag = evolve(dag, entry_points=())
    assert driver.refused(Begin(TRAVERSAL, {})) == EmptyDag()
    driver.dag = dag
    for entry in (-1, 1):
        assert driver.refused(Begin(TRAVERSAL, {}, entry)) == MissingEntryNode(entry)
