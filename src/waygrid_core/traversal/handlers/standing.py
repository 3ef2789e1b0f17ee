"""Is a signal about what the traversal waits for now, about something past, or about nothing that ever was?"""

from typing import Final

from waygrid_core.dag.node import TaskNode
from waygrid_core.model.identifiers import NodeId, TimerId
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.rejections import InvalidNodeState, NodeNotFound, TraversalError
from waygrid_core.traversal.signals import NodeFailure, NodeStart, NodeSuccess, Resume, Retry, Timeout
from waygrid_core.traversal.state import BackingOff, InFlight, Joining, NodeRun, Waiting
from waygrid_core.traversal.timers import node_timer, traversal_timer


class Stale:
    """About something past: a duplicate, an attempt or a timer that is over. No error, and nothing happens."""


STALE: Final = Stale()


def refusal(found: Stale | TraversalError) -> TraversalError | None:
    """What a handler answers to a signal that is about nothing current: the error, or nothing for a stale one."""
    return None if isinstance(found, Stale) else found


def attempt_of(
    decision: Decision, signal: NodeStart | NodeSuccess | NodeFailure
) -> tuple[TaskNode, InFlight] | Stale | TraversalError:
    """The node and the attempt in flight that the signal is about."""
    node = decision.dag.nodes.get(signal.node)
    if node is None:
        return NodeNotFound(signal.node)
    if not isinstance(node, TaskNode):
        return InvalidNodeState(signal.node, "it is never dispatched")
    run = decision.draft.nodes.get(signal.node)
    if isinstance(run, InFlight) and run.attempt == signal.attempt:
        return node, run
    if run is None or isinstance(run, Waiting | Joining) or not 1 <= signal.attempt <= run.attempt:
        return InvalidNodeState(signal.node, f"attempt {signal.attempt} was never dispatched")
    return STALE


def run_of_timer(decision: Decision, signal: Resume | Retry | Timeout) -> NodeRun | Stale | NodeNotFound:
    """The run that waits for just this timer."""
    if signal.node not in decision.dag.nodes:
        return NodeNotFound(signal.node)
    run = decision.draft.nodes.get(signal.node)
    expected = timer_of(decision, signal.node, run)
    return run if run is not None and _is_for(signal, run) and expected == signal.timer else STALE


def timer_of(decision: Decision, node: NodeId, run: NodeRun | None) -> TimerId | None:
    """The timer that a run has set, if any."""
    traversal = decision.draft.traversal
    match run:
        case Waiting():
            return node_timer(traversal, node, 1, "resume")
        case BackingOff(attempt=attempt):
            return node_timer(traversal, node, attempt, "retry")
        case InFlight(attempt=attempt, due=due) if due is not None:
            return node_timer(traversal, node, attempt, "timeout")
        case Joining(due=due) if due is not None:
            return node_timer(traversal, node, 1, "timeout")
        case _:
            return None


def is_current_traversal_timer(decision: Decision, timer: TimerId) -> bool:
    """Whether `timer` is the one that bounds the whole traversal, and is set."""
    return decision.draft.due is not None and timer == traversal_timer(decision.draft.traversal)


def _is_for(signal: Resume | Retry | Timeout, run: NodeRun) -> bool:
    match signal:
        case Resume():
            return isinstance(run, Waiting)
        case Retry(attempt=attempt):
            return isinstance(run, BackingOff) and run.attempt == attempt
        case Timeout(attempt=attempt):
            return isinstance(run, Joining) or (isinstance(run, InFlight) and run.attempt == attempt)
