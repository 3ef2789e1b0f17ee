"""What a paused traversal records: whatever would answer something that it waits for, or is told it, once."""

from waygrid_core.dag.node import ForkNode
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.events import SignalHeld
from waygrid_core.traversal.handlers.standing import (
    Stale,
    attempt_of,
    is_current_traversal_timer,
    refusal,
    run_of_timer,
)
from waygrid_core.traversal.handlers.steering import fork_of, live_branches
from waygrid_core.traversal.handlers.telling import kind_of
from waygrid_core.traversal.rejections import ForkMismatch, NodeNotFound, TraversalError, UnknownSignal
from waygrid_core.traversal.signals import (
    CancelBranches,
    HeldSignal,
    NodeFailure,
    NodeSuccess,
    Resume,
    Retry,
    Timeout,
    Told,
    TraversalTimeout,
)
from waygrid_core.traversal.timers import held_key


def hold(decision: Decision, signal: HeldSignal) -> TraversalError | None:
    """Record the signal for `Unpause`, unless it is stale, or its like is recorded already."""
    match signal:
        case NodeSuccess() | NodeFailure():
            attempt = attempt_of(decision, signal)
            if not isinstance(attempt, tuple):
                return refusal(attempt)
        case Resume() | Retry() | Timeout():
            run = run_of_timer(decision, signal)
            if isinstance(run, Stale | NodeNotFound):
                return refusal(run)
        case TraversalTimeout(timer=timer):
            if not is_current_traversal_timer(decision, timer):
                return None
        case Told(id=told):
            kind = kind_of(decision.dag, signal)
            if isinstance(kind, UnknownSignal):
                return kind
            if told in decision.draft.memories.heard:
                return None
        case CancelBranches():
            fork = fork_of(decision, signal)
            if not isinstance(fork, ForkNode):
                return fork
            if fork.id in decision.draft.forks:
                if not live_branches(decision, fork, signal):
                    return None
            elif not decision.draft.held:  # what is held may open the fork; if nothing is, nothing will
                return ForkMismatch(signal.join_node_id)
    if held_key(signal) not in decision.draft.answered:
        decision.record(SignalHeld(signal))
    return None
