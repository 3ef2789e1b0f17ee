"""What a traversal waits for, from its state alone: so that a lost message can be sent again."""

from collections.abc import Iterator
from typing import TypeAlias

from waygrid_core.model.identifiers import NodeId
from waygrid_core.traversal.effects import DispatchNode, Schedule
from waygrid_core.traversal.state import BackingOff, InFlight, Joining, TraversalState, Waiting
from waygrid_core.traversal.timers import dispatch_key, node_timer, traversal_timer

Obligation: TypeAlias = DispatchNode | Schedule


def obligations(state: TraversalState) -> tuple[Obligation, ...]:
    """The dispatched attempts and the set timers that have not been answered, as the effects that started them.

    In the order: the traversal's timer, then by node. What a paused traversal holds an answer to is no obligation.
    """
    if not state.has_begun or state.has_ended:
        return ()
    return tuple(_not_answered(state))


def obligation_key(obligation: Obligation) -> str:
    """What tells one obligation of a traversal from another."""
    match obligation:
        case DispatchNode(node=node, attempt=attempt):
            return dispatch_key(node, attempt)
        case Schedule(timer=timer):
            return timer


def _not_answered(state: TraversalState) -> Iterator[Obligation]:
    for obligation in _standing(state):
        if obligation_key(obligation) not in state.answered:
            yield obligation


def _standing(state: TraversalState) -> Iterator[Obligation]:
    if state.due is not None:
        yield Schedule(traversal_timer(state.traversal), state.due)
    for node in sorted(state.standing.values()):
        fork = state.forks.get(node)
        yield from _of_node(state, node if fork is None else fork.join)


def _of_node(state: TraversalState, node: NodeId) -> Iterator[Obligation]:
    match state.nodes[node]:
        case InFlight(attempt=attempt, input=given, parameters=parameters, branch=branch, due=due):
            yield DispatchNode(node, attempt, given, parameters, branch)
            if due is not None:
                yield Schedule(node_timer(state.traversal, node, attempt, "timeout"), due)
        case Waiting(due=due):
            yield Schedule(node_timer(state.traversal, node, 1, "resume"), due)
        case BackingOff(attempt=attempt, due=due):
            yield Schedule(node_timer(state.traversal, node, attempt, "retry"), due)
        case Joining(due=due) if due is not None:
            yield Schedule(node_timer(state.traversal, node, 1, "timeout"), due)
        case _:
            return
