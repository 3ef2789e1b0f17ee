"""Messages as signals: what the waystation receives, as its machine hears it."""

import pytest

from waygrid_core.children.ending import EndedInSuccess
from waygrid_core.children.plan import EachPlan, LoopPlan, RunPlan, SeriesPlan, SinglePlan, TraversalPlan
from waygrid_core.children.series_signals import RunEnd, StartDue, start_timer
from waygrid_core.condition.expression import Always
from waygrid_core.message.messages import (
    BranchCancelRequested,
    EventReceived,
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalFailed,
    NodeTraversalRequested,
    NodeTraversalStarted,
    NodeTraversalSucceeded,
    RunTraversalEnded,
    TimerCancelRequested,
    TimerFired,
    TimerRequested,
    TraversalCancelRequested,
    TraversalEnded,
    TraversalPauseRequested,
    TraversalRequested,
    TraversalTold,
    TraversalUnpauseRequested,
)
from waygrid_core.message.to_signal import AnySignal, to_signal
from waygrid_core.model.identifiers import DagHash, NodeDigest, NodeId, TimerId, TraversalId
from waygrid_core.model.instant import parse_instant
from waygrid_core.outcome import Failure
from waygrid_core.policy.join import And
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    Known,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Timeout,
    Told,
    TraversalTimeout,
    Unpause,
)
from waygrid_core.traversal.timers import node_timer, traversal_timer

T, N, DAG = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S"), NodeId("0123456789abcdef"), DagHash("d")
KNOWN: Known = {(NodeDigest("x"), None): 1}


def requested(plan: TraversalPlan) -> TraversalRequested:
    return TraversalRequested(traversal=T, plan=plan, payload={"a": 1}, root=T, entry=2, known=KNOWN)


@pytest.mark.parametrize(
    ("message", "signal"),
    [
        (requested(SinglePlan(DAG)), Begin(T, {"a": 1}, 2, KNOWN, 1)),
        (requested(SeriesPlan(DAG)), Begin(T, {"a": 1}, 2, KNOWN, 1)),
        (requested(LoopPlan(DAG, Always(), 3, None)), Begin(T, {"a": 1}, 2, KNOWN, 1)),
        (requested(EachPlan(DAG, 3, And(), None)), Begin(T, {"a": 1}, 2, KNOWN, 1)),
        (requested(RunPlan(DAG, 7)), Begin(T, {"a": 1}, 2, KNOWN, 7)),
        (TraversalCancelRequested(T, "enough"), Cancel(T, "enough")),
        (TraversalPauseRequested(T), Pause(T)),
        (TraversalUnpauseRequested(T), Unpause(T)),
        (BranchCancelRequested(T, "j", ("a", "b")), CancelBranches(T, "j", ("a", "b"))),
        (TraversalTold(T, "m-1", "Skip", {"node": "a"}), Told(T, "m-1", "Skip", {"node": "a"})),
        (NodeTraversalStarted(T, N, 2), NodeStart(T, N, 2)),
        (NodeTraversalSucceeded(T, N, 2), NodeSuccess(T, N, 2)),
        (NodeTraversalSucceeded(T, N, 2, None), NodeSuccess(T, N, 2, None)),
        (NodeTraversalFailed(T, N, 2, ErrorDetail("c")), NodeFailure(T, N, 2, ErrorDetail("c"))),
        (RunTraversalEnded(T, 3, EndedInSuccess(1)), RunEnd(T, 3, EndedInSuccess(1))),
        (TimerFired(T, node_timer(T, N, 2, "resume")), Resume(T, N, 2, node_timer(T, N, 2, "resume"))),
        (TimerFired(T, node_timer(T, N, 2, "retry")), Retry(T, N, 2, node_timer(T, N, 2, "retry"))),
        (TimerFired(T, node_timer(T, N, 2, "timeout")), Timeout(T, N, 2, node_timer(T, N, 2, "timeout"))),
        (TimerFired(T, traversal_timer(T)), TraversalTimeout(T, traversal_timer(T))),
        (TimerFired(T, start_timer(T, 4)), StartDue(T, 4, start_timer(T, 4))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_message_to_a_traversal_is_a_signal(message: Message, signal: AnySignal) -> None:
    assert to_signal(message).unwrap() == signal


@pytest.mark.parametrize(
    "message",
    [
        NodeTraversalRequested(traversal=T, node=N, attempt=1, input=None, parameters={}, root=T),
        NodeTraversalCancelRequested(traversal=T, node=N, attempt=1),
        TraversalEnded(T, EndedInSuccess(1)),
        TimerRequested(T, TimerId("t"), parse_instant("2026-01-01T00:00:00Z").unwrap()),
        TimerCancelRequested(T, TimerId("t")),
        EventReceived("1", "e", "k", None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_message_to_others_means_nothing_to_a_traversal(message: Message) -> None:
    heard = to_signal(message)
    assert isinstance(heard, Failure)
    assert type(message).__name__ in heard.failure().reason


@pytest.mark.parametrize(
    "timer", ["", "a", "a/b/c/d", f"{T}/-/x/start", f"{T}/-/1/start/2", f"{T}/{N}/one/retry", "a/b/1"]
)
def test_a_timer_that_is_nobodys_means_nothing(timer: str) -> None:
    assert isinstance(to_signal(TimerFired(T, TimerId(timer))), Failure)
