"""Answers of the inbox that a paused traversal held, and that came too late when it went on.

The inbox has given an event away with such an answer, and nobody has it: it is told as if the await had been canceled,
and gives the event to whoever waits for it now. For the machine the attempt was answered when the answer was held, so
law 6 has no effect for it; whoever carries effects out adds these. Source: semantics, section 3, "Events from outside".
"""

from attrs import evolve

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import TaskNode
from waygrid_core.model.address import INBOX
from waygrid_core.model.identifiers import NodeId
from waygrid_core.traversal.effects import CancelNode
from waygrid_core.traversal.events import Event, NodeFailed, NodeHeard, NodeSucceeded, RetryScheduled
from waygrid_core.traversal.machine import Transition
from waygrid_core.traversal.signals import NodeSuccess
from waygrid_core.traversal.state import TraversalState


def with_unheard_answers(dag: Dag, before: TraversalState, made: Transition) -> Transition:
    """`made`, with cancels of the awaits whose answers `before` held and it did not use: first, in order of arrival."""
    if not before.held or made.state.status == "Paused":
        return made
    heard = {attempt for event in made.events if (attempt := _answered_by(event)) is not None}
    unheard = (
        CancelNode(signal.node, signal.attempt)
        for signal in before.held
        if isinstance(signal, NodeSuccess)
        and (signal.node, signal.attempt) not in heard
        and _is_with_the_inbox(dag, signal.node)
    )
    return evolve(made, effects=(*unheard, *made.effects))


def _answered_by(event: Event) -> tuple[NodeId, int] | None:
    match event:
        case NodeSucceeded() | NodeFailed() | NodeHeard() | RetryScheduled(timed_out=False):
            return event.node, event.attempt
        case _:
            return None


def _is_with_the_inbox(dag: Dag, node_id: NodeId) -> bool:
    node = dag.nodes[node_id]
    return isinstance(node, TaskNode) and node.address == INBOX
