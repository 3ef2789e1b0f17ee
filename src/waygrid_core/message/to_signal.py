"""From a message that the waystation received to the signal that the machine hears."""

from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.children.plan import EachPlan, LoopPlan, RunPlan, SeriesPlan, SinglePlan, TraversalPlan
from waygrid_core.children.series_signals import RunEnd, SeriesSignal, is_start_timer, start_signal
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
from waygrid_core.model.identifiers import TimerId
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Signal,
    Told,
    Unpause,
)
from waygrid_core.traversal.timers import timer_signal

AnySignal: TypeAlias = Signal | SeriesSignal


@frozen
class NoSignal:
    """The message means nothing to a traversal; `reason` is for the person who reads dead letters."""

    reason: str


def to_signal(message: Message) -> Outcome[AnySignal, NoSignal]:
    """What `message` says to the machine of its traversal or its series."""
    match message:
        case NodeTraversalSucceeded(traversal=traversal, node=node, attempt=attempt, output=output):
            return Success(NodeSuccess(traversal, node, attempt, output))
        case TraversalRequested(traversal=traversal, plan=plan, payload=payload, entry=entry, known=known):
            return Success(Begin(traversal, payload, entry, known, _run_number(plan)))
        case TraversalCancelRequested(traversal=traversal, reason=reason):
            return Success(Cancel(traversal, reason))
        case TraversalPauseRequested(traversal=traversal):
            return Success(Pause(traversal))
        case TraversalUnpauseRequested(traversal=traversal):
            return Success(Unpause(traversal))
        case BranchCancelRequested(traversal=traversal, join_node_id=join_node_id, branches=branches):
            return Success(CancelBranches(traversal, join_node_id, branches))
        case TraversalTold(traversal=traversal, id=told, kind=kind, data=data):
            return Success(Told(traversal, told, kind, data))
        case NodeTraversalStarted(traversal=traversal, node=node, attempt=attempt):
            return Success(NodeStart(traversal, node, attempt))
        case NodeTraversalFailed(traversal=traversal, node=node, attempt=attempt, error=error):
            return Success(NodeFailure(traversal, node, attempt, error))
        case RunTraversalEnded(traversal=traversal, run=run, end=end):
            return Success(RunEnd(traversal, run, end))
        case TimerFired(timer=timer):
            return _timer_signal(timer)
        case (
            NodeTraversalRequested()
            | NodeTraversalCancelRequested()
            | TraversalEnded()
            | TimerRequested()
            | TimerCancelRequested()
            | EventReceived()
        ):
            return Failure(NoSignal(f"{type(message).__name__} is for other services than the waystation"))
        case _:
            assert_never(message)


def _run_number(plan: TraversalPlan) -> int:
    """Which run of its series a traversal is; 1 outside one."""
    match plan:
        case RunPlan(run=run):
            return run
        case SinglePlan() | SeriesPlan() | LoopPlan() | EachPlan():
            return 1
        case _:
            assert_never(plan)


def _timer_signal(timer: TimerId) -> Outcome[AnySignal, NoSignal]:
    try:
        return Success(start_signal(timer) if is_start_timer(timer) else timer_signal(timer))
    except ValueError:
        return Failure(NoSignal(f"{timer!r} is no timer of a traversal"))
