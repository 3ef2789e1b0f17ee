"""Timers: their ids, which say whose they are, and the signal that each brings; the keys of obligations."""

from typing import Final, Literal, TypeAlias, assert_never

from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_core.traversal.signals import (
    CancelBranches,
    HeldSignal,
    NodeFailure,
    NodeSuccess,
    Resume,
    Retry,
    Timeout,
    TimerSignal,
    Told,
    TraversalTimeout,
)

TimerKind: TypeAlias = Literal["resume", "retry", "timeout", "traversal-timeout"]

_SIGNALS: Final[dict[str, type[Resume | Retry | Timeout]]] = {"resume": Resume, "retry": Retry, "timeout": Timeout}


def node_timer(traversal: TraversalId, node: NodeId, attempt: int, kind: TimerKind) -> TimerId:
    """The id of a node's timer of that kind."""
    return TimerId(f"{traversal}/{node}/{attempt}/{kind}")


def traversal_timer(traversal: TraversalId) -> TimerId:
    """The id of the timer that bounds the whole traversal."""
    return TimerId(f"{traversal}/-/1/traversal-timeout")


def timer_signal(timer: TimerId) -> TimerSignal:
    """The signal that `timer` brings. Raises `ValueError` for a text that is no id of a traversal's timer."""
    traversal, node, attempt, kind = timer.split("/")
    if kind == "traversal-timeout":
        return TraversalTimeout(TraversalId(traversal), timer)
    if kind not in _SIGNALS:
        raise ValueError(f"{timer!r} is no timer of a traversal")
    return _SIGNALS[kind](TraversalId(traversal), NodeId(node), int(attempt), timer)


def dispatch_key(node: NodeId, attempt: int) -> str:
    """The key of the obligation that a dispatched attempt is; that of a timer is its id."""
    return f"{node}/{attempt}"


def held_key(signal: HeldSignal) -> str:
    """The key of the obligation that a held signal answers; what a user says answers none and keys itself."""
    match signal:
        case NodeSuccess(node=node, attempt=attempt) | NodeFailure(node=node, attempt=attempt):
            return dispatch_key(node, attempt)
        case Resume(timer=timer) | Retry(timer=timer) | Timeout(timer=timer) | TraversalTimeout(timer=timer):
            return timer
        case CancelBranches(join_node_id=join_node_id, branches=branches):
            return f"branches:{join_node_id}:{','.join(branches)}"
        case Told(id=told):
            return f"told:{told}"
        case _:
            assert_never(signal)
