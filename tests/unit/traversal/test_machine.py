"""The machine, where a scenario file cannot look: refusals, effects and their order, pauses, what is known."""

from datetime import timedelta

import pytest

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_core.traversal.effects import Cancel as CancelEffect
from waygrid_core.traversal.effects import CancelNode, Complete, DispatchNode, Fail, StartFollowUp
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.known import done_by
from waygrid_core.traversal.rejections import (
    AlreadyInProgress,
    BranchNotFound,
    ForkMismatch,
    InvalidNodeState,
    MissingEntryNode,
    NodeNotFound,
    TraversalMismatch,
)
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    Known,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Timeout,
    TraversalTimeout,
    Unpause,
)

CHAIN = """
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    timeout: 10s
    retryPolicy: {type: Linear, base: 2s, maxRetries: 1, doNotRetry: [declined]}
    onSuccess: {type: standard, id: b, address: waygrid://processor/x}
"""

FORK = """
timeout: 1h
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}
      b:
        type: fork
        joinNodeId: inner
        branches:
          p: {type: standard, id: p, address: waygrid://processor/x}
          q: {type: standard, id: q, address: waygrid://processor/x}
        join: {type: join, joinNodeId: inner, strategy: {type: And}, timeout: 5s}
      c: {type: pass, id: c, deliveryStrategy: {type: ScheduleAfter, delay: 5s}}
    join:
      type: join
      joinNodeId: j
      strategy: {type: And}
      timeout: 5s
      onFailure: {type: standard, id: undo, address: waygrid://processor/x}
"""


def test_effects_come_as_dispatches_then_timers_of_traversal_joins_and_nodes() -> None:
    driver = Driver(FORK)
    assert driver.names(driver.begin()) == [
        "DispatchNode a 1",
        "DispatchNode p 1",
        "DispatchNode q 1",
        "Schedule traversal-timeout -",
        "Schedule timeout j",
        "Schedule timeout inner",
        "Schedule timeout a",
        "Schedule resume c",
    ]


def test_a_join_that_fails_cancels_all_that_runs_or_waits_below_it() -> None:
    driver = Driver(FORK)
    driver.begin()
    effects = driver.fail("p")
    assert driver.names(effects) == [
        "CancelNode q 1",
        "CancelNode a 1",
        "Unschedule timeout inner",
        "Unschedule timeout a",
        "Unschedule resume c",
        "Unschedule timeout j",
        "DispatchNode undo 1",
    ]
    undo = driver.dispatched(effects, "undo")
    assert undo.input == {
        "error": {
            "code": "join-failed",
            "message": "needs 3 successes; 0 branches succeeded, 1 did not",
            "node": driver.node("j"),
            "attempt": 1,
            "branches": {"a": "canceled", "b": "failed", "c": "canceled"},
        },
        "input": {},
    }


def test_what_opens_and_closes_within_one_transition_leaves_no_effect() -> None:
    driver = Driver("""
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x, timeout: 5s}
      b: {type: fail, id: b, code: no}
      c: {type: standard, id: c, address: waygrid://processor/x}
    join: {type: join, joinNodeId: j, strategy: {type: And}, timeout: 9s}
""")
    assert driver.names(driver.begin()) == ["Fail"]
    assert driver.state.status == "Failed"
    assert type(driver.state.nodes[driver.node("a")]).__name__ == "Canceled"
    assert driver.node("c") not in driver.state.nodes


def test_an_attempt_out_of_time_is_canceled_retried_and_then_taken_for_a_failure() -> None:
    driver = Driver(CHAIN)
    began = driver.begin()
    late = driver.fire(driver.scheduled(began, "timeout"))
    assert driver.names(late) == ["CancelNode a 1", "Schedule retry a"]
    again = driver.fire(driver.scheduled(late, "retry"))
    assert driver.names(again) == ["DispatchNode a 2", "Schedule timeout a"]
    ended = driver.fire(driver.scheduled(again, "timeout"))
    assert driver.names(ended) == ["CancelNode a 2", "Fail"]
    assert driver.state.error == ErrorDetail("timeout", "the attempt was not answered within its timeout")
    assert driver.now - driver.now.replace(hour=0, minute=0, second=0) == timedelta(seconds=22)


def test_a_code_that_is_not_to_be_retried_fails_at_once() -> None:
    driver = Driver(CHAIN)
    driver.begin()
    assert driver.names(driver.fail("a", "declined")) == ["Unschedule timeout a", "Fail"]


def test_refusals_name_what_is_wrong_and_change_nothing() -> None:
    driver = Driver(FORK)
    nobody = NodeId("0" * 16)
    assert isinstance(driver.refused(NodeSuccess(TRAVERSAL, driver.node("a"), 1)), InvalidNodeState)
    assert driver.refused(Begin(TRAVERSAL, {}, 1)) == MissingEntryNode(1)
    assert driver.refused(CancelBranches(TRAVERSAL, "j", ("a",))) == ForkMismatch("j")
    driver.begin()
    before = driver.state
    assert driver.refused(Begin(TRAVERSAL, {"another": 1})) == AlreadyInProgress()
    assert driver.refused(NodeSuccess(TRAVERSAL, nobody, 1)) == NodeNotFound(nobody)
    assert driver.refused(Timeout(TRAVERSAL, nobody, 1, TimerId("x"))) == NodeNotFound(nobody)
    assert isinstance(driver.refused(NodeSuccess(TRAVERSAL, driver.node("a"), 2)), InvalidNodeState)
    assert isinstance(driver.refused(NodeSuccess(TRAVERSAL, driver.node("c"), 1)), InvalidNodeState)
    assert isinstance(driver.refused(NodeSuccess(TRAVERSAL, driver.node("undo"), 1)), InvalidNodeState)
    assert driver.refused(CancelBranches(TRAVERSAL, "elsewhere", ("a",))) == ForkMismatch("elsewhere")
    assert driver.refused(CancelBranches(TRAVERSAL, "j", ("a", "z"))) == BranchNotFound("j", "z")
    other = TraversalId("01JGFJJZ00000000000000000X")
    assert driver.refused(Cancel(other)) == TraversalMismatch(TRAVERSAL, other)
    assert driver.state is before


def test_a_signal_delivered_again_changes_nothing() -> None:
    driver = Driver(CHAIN)
    driver.begin()
    driver.send(NodeStart(TRAVERSAL, driver.node("a"), 1))
    driver.succeed("a", {"n": 1})
    before = driver.state
    assert driver.begin() == ()
    assert driver.send(NodeStart(TRAVERSAL, driver.node("a"), 1)) == ()
    assert driver.succeed("a", {"n": 2}) == ()
    assert driver.fail("a") == ()
    assert driver.state is before


def test_after_the_end_nothing_is_an_error_and_nothing_happens() -> None:
    driver = Driver(CHAIN)
    driver.begin()
    driver.succeed("a")
    assert driver.succeed("b", {"done": True}) == (Complete({"done": True}),)
    ended = driver.state
    for signal in (
        Begin(TRAVERSAL, {"another": 1}),
        NodeSuccess(TRAVERSAL, NodeId("0" * 16), 7),
        Cancel(TRAVERSAL),
        CancelBranches(TRAVERSAL, "nowhere", ("x",)),
        TraversalTimeout(TRAVERSAL, TimerId("x")),
        Pause(TRAVERSAL),
        Unpause(TRAVERSAL),
    ):
        assert driver.send(signal) == ()
    assert driver.state is ended


def test_an_answer_without_output_is_an_empty_object() -> None:
    driver = Driver(CHAIN)
    driver.begin()
    effects = driver.send(NodeSuccess(TRAVERSAL, driver.node("a"), 1))
    assert driver.dispatched(effects, "b").input == {}


def test_a_pause_holds_answers_and_timers_and_unpause_handles_them_in_order() -> None:
    driver = Driver(CHAIN)
    began = driver.begin()
    driver.send(Pause(TRAVERSAL))
    assert driver.fire(driver.scheduled(began, "timeout")) == ()
    assert driver.waits_for() == ["DispatchNode a 1"]
    assert driver.succeed("a", after=1) == ()
    assert driver.waits_for() == []
    before = driver.state
    assert driver.fail("a") == ()  # the attempt has been answered
    assert driver.state is before
    effects = driver.send(Unpause(TRAVERSAL), after=100)
    # The timer came first. Its attempt has been answered, so there is nothing to cancel.
    assert driver.names(effects) == ["Schedule retry a"]
    assert driver.scheduled(effects, "retry").at == driver.now + timedelta(seconds=2)
    assert driver.state.held == ()


def test_a_cancel_acts_at_once_in_a_pause_and_cancels_only_what_is_owed() -> None:
    driver = Driver(FORK)
    driver.begin()
    driver.send(Pause(TRAVERSAL))
    driver.succeed("a")
    effects = driver.send(Cancel(TRAVERSAL, "enough"))
    assert CancelNode(driver.node("a"), 1) not in effects
    assert CancelNode(driver.node("p"), 1) in effects
    assert effects[-1] == CancelEffect("enough")
    assert driver.waits_for() == []


def test_branches_canceled_in_a_pause_end_at_unpause() -> None:
    driver = Driver(FORK)
    driver.begin()
    driver.send(Pause(TRAVERSAL))
    assert driver.send(CancelBranches(TRAVERSAL, "j", ("a",))) == ()
    held = driver.state
    assert driver.send(CancelBranches(TRAVERSAL, "j", ("a",))) == ()
    assert driver.state is held
    assert driver.names(driver.send(Unpause(TRAVERSAL)))[-1] == "DispatchNode undo 1"


def test_branches_of_a_fork_that_a_held_answer_opens_may_be_canceled_in_the_pause() -> None:
    driver = Driver("""
entryPoints:
  - type: standard
    id: s
    address: waygrid://processor/s
    onSuccess:
      type: fork
      joinNodeId: j
      branches:
        a: {type: standard, id: a, address: waygrid://processor/a}
        b: {type: standard, id: b, address: waygrid://processor/b}
      join: {type: join, joinNodeId: j, strategy: {type: Or}}
""")
    driver.begin()
    driver.send(Pause(TRAVERSAL))
    assert driver.refused(CancelBranches(TRAVERSAL, "j", ("a",))) == ForkMismatch("j")
    driver.succeed("s")
    assert driver.refused(CancelBranches(TRAVERSAL, "j", ("z",))) == BranchNotFound("j", "z")
    driver.send(CancelBranches(TRAVERSAL, "j", ("a",)))
    assert driver.names(driver.send(Unpause(TRAVERSAL))) == ["DispatchNode b 1"]
    assert type(driver.state.nodes[driver.node("a")]).__name__ == "Canceled"


def test_what_is_known_whatever_its_input_is_so_even_for_data_that_would_fail() -> None:
    driver = Driver("""
entryPoints: [{type: each, id: e, over: {$from: /payload/none}, body: {type: pass}}]
""")
    known: Known = {(driver.dag.digests[driver.node("e")], None): [1]}
    assert driver.send(Begin(TRAVERSAL, {}, known=known)) == (Complete([1]),)


def test_a_cancel_before_the_begin_forbids_it() -> None:
    driver = Driver(FORK)
    assert driver.send(Cancel(TRAVERSAL, "never mind")) == (CancelEffect("never mind"),)
    assert driver.begin() == ()
    assert driver.state.status == "Canceled"


def test_the_follow_up_is_told_how_it_ended() -> None:
    spec = """
timeout: 5s
entryPoints: [{type: standard, id: a, address: waygrid://processor/x}]
onEnd: {type: pass}
"""
    driver = Driver(spec)
    driver.begin({"order": 1})
    follow_up, complete = driver.succeed("a", 7)[-2:]
    assert isinstance(follow_up, StartFollowUp)
    assert follow_up.payload == {"status": "completed", "output": 7, "payload": {"order": 1}}
    assert complete == Complete(7)

    driver = Driver(spec)
    began = driver.begin()
    *_, follow_up, failed = driver.fire(driver.scheduled(began, "traversal-timeout"))
    assert isinstance(follow_up, StartFollowUp)
    assert isinstance(follow_up.payload, dict)
    assert follow_up.payload["status"] == "timed-out"
    assert isinstance(failed, Fail)
    assert driver.state.status == "TimedOut"

    driver = Driver(spec)
    driver.begin()
    *_, follow_up, canceled = driver.send(Cancel(TRAVERSAL, "gone"))
    assert isinstance(follow_up, StartFollowUp)
    error = {"code": "canceled", "message": "gone"}
    assert follow_up.payload == {"status": "canceled", "error": error, "payload": {}}
    assert canceled == CancelEffect("gone")


def test_what_a_traversal_has_done_is_known_to_the_next_one() -> None:
    old = Driver(CHAIN)
    old.begin({"order": 1})
    old.succeed("a", {"n": 1})
    old.fail("b")
    known = done_by(old.dag, old.state)
    new = Driver(CHAIN)
    effects = new.send(Begin(TRAVERSAL, {"order": 1}, known=known))
    assert new.names(effects) == ["DispatchNode b 1"]
    assert new.dispatched(effects, "b").input == {"n": 1}
    with_other_input = Driver(CHAIN)
    assert with_other_input.names(with_other_input.send(Begin(TRAVERSAL, {"order": 2}, known=known)))[0] == (
        "DispatchNode a 1"
    )


def test_a_traversal_that_answered_a_failure_is_retried_from_its_beginning_unless_nodes_are_named() -> None:
    old = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess:
      type: standard
      id: b
      address: waygrid://processor/x
      onFailure: {type: standard, id: undo, address: waygrid://processor/x}
""")
    old.begin()
    old.succeed("a", {"n": 1})
    old.fail("b")
    old.succeed("undo")
    assert done_by(old.dag, old.state) == {}
    assert list(done_by(old.dag, old.state, {old.node("a")}).values()) == [{"n": 1}]


def test_an_edge_that_only_a_timer_takes_is_not_taken_by_a_plain_failure() -> None:
    old = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess:
      type: standard
      id: b
      address: waygrid://processor/x
      timeout: 5s
      onTimeout: {type: pass}
""")
    old.begin()
    old.succeed("a", {"n": 1})
    old.fail("b")
    assert list(done_by(old.dag, old.state).values()) == [{"n": 1}]


@pytest.mark.parametrize("n", [0, 3, 1.5, True, "2", None])
def test_a_quorum_from_data_that_makes_no_sense_fails_the_join(n: object) -> None:
    driver = Driver("""
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x}
      b: {type: standard, id: b, address: waygrid://processor/x}
    join: {type: join, joinNodeId: j, strategy: {type: Quorum, n: {$from: /input/n}}, timeout: 5s}
""")
    assert driver.names(driver.begin({"n": n})) == ["Fail"]  # type: ignore[dict-item]
    assert driver.state.error is not None
    assert driver.state.error.code == "bad-value"
    assert all(branch.status == "canceled" for branch in driver.state.forks[driver.dag.forks["j"]].branches.values())


def test_a_whole_number_may_be_written_as_a_fraction() -> None:
    driver = Driver("""
entryPoints:
  - type: fork
    joinNodeId: j
    concurrency: 1
    branches:
      a: {type: standard, id: a, address: waygrid://processor/x}
      b: {type: standard, id: b, address: waygrid://processor/x}
    join: {type: join, joinNodeId: j, strategy: {type: Quorum, n: {$from: /payload/n}}}
""")
    assert driver.names(driver.begin({"n": 1.0})) == ["DispatchNode a 1"]
    assert driver.names(driver.fail("a")) == ["DispatchNode b 1"]
    assert driver.succeed("b", 1) == (Complete({"b": 1}),)


def test_an_answer_with_code_timeout_takes_the_failure_edge() -> None:
    driver = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    timeout: 10s
    onTimeout: {type: standard, id: late, address: waygrid://processor/x}
    onFailure: {type: standard, id: sorry, address: waygrid://processor/x}
""")
    driver.begin()
    effects = driver.send(NodeFailure(TRAVERSAL, driver.node("a"), 1, ErrorDetail("timeout", "upstream")))
    assert [type(effect) for effect in effects if isinstance(effect, DispatchNode)] == [DispatchNode]
    assert driver.dispatched(effects, "sorry").input == {
        "error": {"code": "timeout", "message": "upstream", "node": "a", "attempt": 1},
        "input": {},
    }
