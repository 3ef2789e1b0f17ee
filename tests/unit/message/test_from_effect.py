"""Effects as messages: who is asked to do what the machine decided, and under which id."""

from datetime import UTC, datetime
from typing import Final

import pytest
from attrs import evolve

from waygrid_core.children.ending import EndedByCancel, EndedByTimeout, EndedInFailure, EndedInSuccess
from waygrid_core.children.identity import dispatched_child_id, follow_up_id, run_id
from waygrid_core.children.plan import EachPlan, LoopPlan, RunPlan, SeriesPlan, SinglePlan, TraversalPlan
from waygrid_core.children.series_effects import CancelRun, StartRun
from waygrid_core.children.series_state import SeriesState
from waygrid_core.condition.expression import Always
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, LoopWork, ServiceWork, TaskNode, Work
from waygrid_core.message.from_effect import AnyEffect, Sender, from_effect, from_end
from waygrid_core.message.identity import answer_id, message_id, ordering_key, work_key
from waygrid_core.message.messages import (
    EventReceived,
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalFailed,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    RunTraversalEnded,
    TimerCancelRequested,
    TimerRequested,
    TraversalCancelRequested,
    TraversalEnded,
    TraversalRequested,
)
from waygrid_core.message.parent import NodeParent, SeriesParent
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeId, TimerId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.policy.join import And
from waygrid_core.template.template import DataPointer, FromLeaf, Parameter, SecretReference
from waygrid_core.traversal.effects import (
    Cancel,
    CancelNode,
    Complete,
    DispatchNode,
    Fail,
    Schedule,
    StartFollowUp,
    Unschedule,
)
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.state import InFlight, TraversalState

T, ROOT = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S"), TraversalId("01HF7YAT00JHBSZVQ34JJ436NK")
PARENT, BODY = TraversalId("01HF7YAT00JHBSZVQ34JJ436NM"), DagHash("b" * 64)
SERVICE: Final = ServiceAddress("processor", "geo")
WORKS: Final[dict[str, Work]] = {
    "service": ServiceWork(SERVICE),
    "await": AwaitWork("approved"),
    "call": CallWork(BODY),
    "each": EachWork(BODY, FromLeaf((DataPointer("payload"),), None), And(), 2, 10),
    "loop": LoopWork(BODY, Always(), 3, None),
}


def task(name: str) -> TaskNode:
    return TaskNode(id=NodeId(name), scope=ROOT_SCOPE, work=WORKS[name])


DAG: Final = Dag(
    hash=DagHash("d" * 64), nodes={NodeId(name): task(name) for name in WORKS}, entry_points=(NodeId("service"),)
)
SENDER: Final = Sender(state=TraversalState(T), root=ROOT, plan=SinglePlan(DAG.hash), dag=DAG)


def dispatch(name: str, **parameters: Parameter) -> DispatchNode:
    return DispatchNode(NodeId(name), 2, {"a": 1}, parameters, "left")


def sent(effect: AnyEffect, sender: Sender = SENDER) -> tuple[ServiceAddress, Message]:
    (only,) = from_effect(effect, sender)
    return only


def test_work_goes_to_its_service() -> None:
    parameters: dict[str, Parameter] = {"model": "m", "key": SecretReference("openai")}
    assert sent(dispatch("service", **parameters)) == (
        SERVICE,
        NodeTraversalRequested(
            traversal=T,
            node=NodeId("service"),
            attempt=2,
            input={"a": 1},
            parameters=parameters,
            root=ROOT,
            branch="left",
        ),
    )
    canceled = NodeTraversalCancelRequested(traversal=T, node=NodeId("service"), attempt=2)
    assert sent(CancelNode(NodeId("service"), 2)) == (SERVICE, canceled)
    working = InFlight(ROOT_SCOPE, 2, None, None, parameters, None, None)
    before = TraversalState(T, nodes=PersistentMap({NodeId("service"): working}))
    assert sent(CancelNode(NodeId("service"), 2), evolve(SENDER, before=before)) == (SERVICE, canceled)


@pytest.mark.parametrize(("written", "key"), [({}, ROOT), ({"key": "o-1"}, "o-1")])
def test_an_await_goes_to_the_inbox_with_its_key_and_so_does_its_cancel(written: dict[str, str], key: str) -> None:
    receiver, requested = sent(dispatch("await", event="approved", **written))
    assert receiver == INBOX
    assert isinstance(requested, NodeTraversalRequested)
    assert requested.parameters == {"event": "approved", "key": key}
    waiting = InFlight(ROOT_SCOPE, 2, None, None, {"event": "approved", **written}, None, None)
    before = TraversalState(T, nodes=PersistentMap({NodeId("await"): waiting}))
    receiver, canceled = sent(CancelNode(NodeId("await"), 2), evolve(SENDER, before=before))
    assert receiver == INBOX
    assert ordering_key(INBOX, canceled) == ordering_key(INBOX, requested)
    assert ordering_key(INBOX, requested) == ordering_key(INBOX, EventReceived("1", "approved", key, None))


def test_a_call_an_each_and_a_loop_are_traversals_that_the_waystation_asks_itself_for() -> None:
    starts: dict[str, tuple[DispatchNode, TraversalPlan, JsonValue]] = {
        "call": (dispatch("call"), SinglePlan(BODY), {"a": 1}),
        "each": (dispatch("each", over=[1, 2, 3]), EachPlan(BODY, 3, And(), 2), {"items": [1, 2, 3]}),
        "loop": (dispatch("loop", until={"type": "Always"}), LoopPlan(BODY, Always(), 3, None), {"a": 1}),
    }
    for name, (effect, plan, payload) in starts.items():
        child = dispatched_child_id(T, NodeId(name), 2)
        assert sent(effect) == (
            WAYSTATION,
            TraversalRequested(
                traversal=child, plan=plan, payload=payload, root=ROOT, parent=NodeParent(T, NodeId(name), 2)
            ),
        )
        assert sent(CancelNode(NodeId(name), 2)) == (WAYSTATION, TraversalCancelRequested(child, root=ROOT))


def test_timers_go_to_the_scheduler() -> None:
    timer, at = TimerId(f"{T}/-/1/traversal-timeout"), datetime(2026, 1, 1, tzinfo=UTC)
    assert sent(Schedule(timer, at)) == (SCHEDULER, TimerRequested(T, timer, at))
    assert sent(Unschedule(timer)) == (SCHEDULER, TimerCancelRequested(T, timer))


def test_an_on_end_is_a_traversal_that_nobody_waits_for() -> None:
    assert sent(StartFollowUp(BODY, {"status": "failed"})) == (
        WAYSTATION,
        TraversalRequested(traversal=follow_up_id(T), plan=SinglePlan(BODY), payload={"status": "failed"}, root=ROOT),
    )


def test_a_series_asks_for_its_runs_and_cancels_them() -> None:
    series = evolve(SENDER, state=SeriesState(T), plan=SeriesPlan(DAG.hash))
    child = run_id(T, 3)
    assert sent(StartRun(3, child, {"a": 1}, 1), series) == (
        WAYSTATION,
        TraversalRequested(
            traversal=child,
            plan=RunPlan(DAG.hash, 3),
            payload={"a": 1},
            root=ROOT,
            parent=SeriesParent(T, 3),
            entry=1,
        ),
    )
    assert sent(CancelRun(3, child), series) == (WAYSTATION, TraversalCancelRequested(child, root=ROOT))


ERROR: Final = ErrorDetail("boom", "it broke")
LATE: Final = ErrorDetail("timeout", "too late")
COMPLETED: Final = TraversalState(T, status="Completed", output={"b": 1})
FAILED: Final = TraversalState(T, status="Failed", error=ERROR)
TIMED_OUT: Final = TraversalState(T, status="TimedOut", error=LATE)
CANCELED: Final = TraversalState(T, status="Canceled", reason="enough")


@pytest.mark.parametrize(
    ("effect", "state", "answer"),
    [
        (Complete({"b": 1}), COMPLETED, NodeTraversalSucceeded(PARENT, NodeId("n"), 1, {"b": 1})),
        (Fail(ERROR), FAILED, NodeTraversalFailed(PARENT, NodeId("n"), 1, ERROR)),
        (Fail(LATE), TIMED_OUT, NodeTraversalFailed(PARENT, NodeId("n"), 1, LATE)),
        (Cancel("enough"), CANCELED, NodeTraversalFailed(PARENT, NodeId("n"), 1, ErrorDetail("canceled", "enough"))),
    ],
)
def test_a_childs_end_answers_its_parent_and_again_when_asked_again(
    effect: AnyEffect, state: TraversalState, answer: Message
) -> None:
    child = evolve(SENDER, state=state, parent=NodeParent(PARENT, NodeId("n"), 1))
    assert from_effect(effect, child) == ((WAYSTATION, answer),)
    assert from_end(child) == from_effect(effect, child)


@pytest.mark.parametrize(
    ("effect", "state", "end"),
    [
        (Complete({"b": 1}), COMPLETED, EndedInSuccess({"b": 1})),
        (Fail(ERROR), FAILED, EndedInFailure(ERROR)),
        (Fail(LATE), TIMED_OUT, EndedByTimeout(LATE)),
        (Cancel("enough"), CANCELED, EndedByCancel("enough")),
    ],
)
def test_a_runs_end_is_told_to_its_series_and_a_users_to_the_inbox(
    effect: AnyEffect, state: TraversalState, end: EndedInSuccess
) -> None:
    run = evolve(SENDER, state=state, parent=SeriesParent(PARENT, 4))
    assert from_effect(effect, run) == ((WAYSTATION, RunTraversalEnded(PARENT, 4, end)),)
    users = evolve(SENDER, state=state, root=T)
    assert from_effect(effect, users) == ((INBOX, TraversalEnded(T, end)),)


def test_nobody_is_told_of_the_end_of_an_on_end() -> None:
    assert from_effect(Complete(None), evolve(SENDER, state=COMPLETED)) == ()


def test_a_traversal_that_was_canceled_before_it_began_ends_without_a_plan() -> None:
    forbidden = Sender(state=CANCELED, root=T)
    assert from_effect(Cancel("enough"), forbidden) == ((INBOX, TraversalEnded(T, EndedByCancel("enough"))),)


def test_an_eachs_end_answers_with_the_outputs_in_list_order() -> None:
    state = TraversalState(T, status="Completed", output={"0": "a", "2": "c"})
    each = evolve(SENDER, state=state, plan=EachPlan(BODY, 3, And(), None), parent=NodeParent(PARENT, NodeId("n"), 1))
    assert from_end(each) == ((WAYSTATION, NodeTraversalSucceeded(PARENT, NodeId("n"), 1, ["a", None, "c"])),)


def test_ids_follow_from_what_was_decided() -> None:
    ids = {
        message_id(T, 1, 0),
        message_id(T, 1, 1),
        message_id(T, 11, 0),
        message_id(ROOT, 1, 0),
        work_key(T, NodeId("n"), 1),
        work_key(T, NodeId("n"), 2),
        answer_id("m", NodeTraversalSucceeded(T, NodeId("n"), 1)),
        answer_id("m", NodeTraversalFailed(T, NodeId("n"), 1, ERROR)),
    }
    assert len(ids) == 8
    assert all(len(each) == 32 for each in ids)
    assert message_id(T, 1, 0) == message_id(T, 1, 0)
    assert message_id(T, 1, 0) == "588cc233bc669eb22d30f75a18519029"
