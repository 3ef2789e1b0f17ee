"""Which signal a decision was the answer to: a journal keeps what was decided, and that tells it."""

from collections.abc import Sequence
from datetime import datetime

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import ForkNode
from waygrid_core.model.identifiers import ROOT_SCOPE, NodeId, ScopeId
from waygrid_core.outcome import Failure
from waygrid_core.traversal.events import (
    BranchCanceled,
    Event,
    NodeAsked,
    NodeCanceled,
    NodeDispatched,
    NodeFailed,
    NodeHeard,
    NodeStarted,
    NodeSucceeded,
    NodeTimedOut,
    RetryScheduled,
    SignalHeard,
    SignalHeld,
    TraversalBegun,
    TraversalCanceled,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)
from waygrid_core.traversal.machine import transition
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
from waygrid_core.traversal.state import BackingOff, Joining, TraversalState, Waiting
from waygrid_core.traversal.timers import TimerKind, node_timer, timer_signal, traversal_timer


def signal_behind(dag: Dag, before: TraversalState, events: Sequence[Event], at: datetime) -> Signal | None:
    """A signal that, at the instant `at`, makes `events` of `before`; None if they tell of none.

    A success of which no condition held is a failure with `no-route` in the journal, and so it is here.
    """
    traversal = before.traversal
    match events[0] if events else None:
        case TraversalBegun(payload=payload, entry=entry, known=known, run=run):
            return Begin(traversal, payload, entry, known, run)
        case SignalHeld(signal=signal):
            return signal
        case SignalHeard(id=told, kind=kind, data=data):
            return Told(traversal, told, kind, data)
        case NodeHeard(node=node, attempt=attempt, answer=answer):
            return NodeSuccess(traversal, node, attempt, answer)
        case TraversalPaused():
            return Pause(traversal)
        case TraversalUnpaused():
            return Unpause(traversal)
        case _:
            pass
    match events[-1] if events else None:
        case TraversalCanceled(reason=reason):
            return Cancel(traversal, reason)
        case TraversalTimedOut():
            return timer_signal(traversal_timer(traversal))
        case _:
            pass
    for event in events:
        match event:
            case NodeTimedOut(node=node) if isinstance(before.nodes.get(node), Joining):
                return _timer(before, node, 1, "timeout")  # what ran was canceled first
            case NodeCanceled() | BranchCanceled():
                continue
            case _:
                break
    match events[0] if events else None:
        case NodeStarted(node=node, attempt=attempt):
            return NodeStart(traversal, node, attempt)
        case NodeCanceled() | BranchCanceled():
            return _cancel_branches(dag, before, events, at)
        case NodeTimedOut(node=node, attempt=attempt) | RetryScheduled(node=node, attempt=attempt, timed_out=True):
            return _timer(before, node, attempt, "timeout")
        case NodeSucceeded(node=node) | NodeFailed(node=node) | NodeDispatched(node=node) | NodeAsked(node=node) if (
            isinstance(before.nodes.get(node), Waiting)
        ):
            return _timer(before, node, 1, "resume")
        case NodeDispatched(node=node) if isinstance(waiting := before.nodes.get(node), BackingOff):
            return _timer(before, node, waiting.attempt, "retry")
        case NodeSucceeded(node=node, attempt=attempt, output=output):
            return NodeSuccess(traversal, node, attempt, output)
        case (
            NodeFailed(node=node, attempt=attempt, error=error)
            | RetryScheduled(node=node, attempt=attempt, error=error)
        ):
            return NodeFailure(traversal, node, attempt, error)
        case _:
            return None


def _timer(before: TraversalState, node: NodeId, attempt: int, kind: TimerKind) -> Signal:
    return timer_signal(node_timer(before.traversal, node, attempt, kind))


def _cancel_branches(dag: Dag, before: TraversalState, events: Sequence[Event], at: datetime) -> Signal | None:
    """The cancel of branches of the outermost fork: the first so many of those that were canceled before all else.

    The others were canceled because their join could no longer hold; so it is tried how many it takes.
    """
    canceled: dict[NodeId, list[str]] = {}
    for event in events:
        match event:
            case BranchCanceled(fork=fork, branch=branch):
                canceled.setdefault(fork, []).append(branch)
            case NodeCanceled():
                continue
            case _:
                break
    found = [node for fork in canceled if isinstance(node := dag.nodes.get(fork), ForkNode)]
    if not found:
        return None
    outermost = min(found, key=lambda fork: _depth(dag, fork.scope))
    branches = canceled[outermost.id]
    for count in range(1, len(branches) + 1):
        signal = CancelBranches(before.traversal, outermost.join_node_id, tuple(branches[:count]))
        outcome = transition(dag, before, signal, at)
        if not isinstance(outcome, Failure) and outcome.unwrap().events == tuple(events):
            return signal
    return None


def _depth(dag: Dag, scope: ScopeId) -> int:
    depth = 0
    while scope != ROOT_SCOPE:
        scope, depth = dag.scopes[scope].parent, depth + 1
    return depth
