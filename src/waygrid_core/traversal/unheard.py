"""Answers of the inbox that a paused traversal held, and that came too late when it went on.

The inbox has given an event away with such an answer, and nobody has it: it is told as if the await had been canceled,
and gives the event to whoever waits for it now. For the machine the attempt was answered when the answer was held, so
law 6 has no effect for it; whoever carries effects out adds these. Source: semantics, section 3, "Events from outside".
"""

from datetime import datetime

from attrs import evolve

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import TaskNode
from waygrid_core.model.address import INBOX
from waygrid_core.model.identifiers import NodeId
from waygrid_core.traversal.effects import CancelNode
from waygrid_core.traversal.events import Event, NodeFailed, NodeHeard, NodeSucceeded, RetryScheduled
from waygrid_core.traversal.machine import Transition, transition
from waygrid_core.traversal.signals import NodeSuccess, Told, Unpause
from waygrid_core.traversal.state import InFlight, TraversalState


def with_unheard_answers(dag: Dag, before: TraversalState, made: Transition, now: datetime) -> Transition:
    """`made`, with cancels of the awaits whose answers `before` held and it did not use: first, in order of arrival."""
    if not before.held or made.state.status == "Paused":
        return made
    ended = {attempt for event in made.events if (attempt := _answered_by(event)) is not None}
    unheard = (
        CancelNode(signal.node, signal.attempt)
        for place, signal in enumerate(before.held)
        if isinstance(signal, NodeSuccess)
        and _is_with_the_inbox(dag, signal.node)
        and ((signal.node, signal.attempt) not in ended or _was_overtaken(dag, before, place, now))
    )
    return evolve(made, effects=(*unheard, *made.effects))


def _was_overtaken(dag: Dag, before: TraversalState, place: int, now: datetime) -> bool:
    """Whether a user's signal, held before the answer at `place`, ended its node: the events of the two look alike."""
    earlier, answer = before.held[:place], before.held[place]
    assert isinstance(answer, NodeSuccess), "only answers are overtaken"
    if not any(isinstance(signal, Told) for signal in earlier):
        return False
    state = transition(dag, evolve(before, held=earlier), Unpause(before.traversal), now).unwrap().state
    run = state.nodes.get(answer.node)
    return not (isinstance(run, InFlight) and run.attempt == answer.attempt)


def _answered_by(event: Event) -> tuple[NodeId, int] | None:
    match event:
        case NodeSucceeded() | NodeFailed() | NodeHeard() | RetryScheduled(timed_out=False):
            return event.node, event.attempt
        case _:
            return None


def _is_with_the_inbox(dag: Dag, node_id: NodeId) -> bool:
    node = dag.nodes[node_id]
    return isinstance(node, TaskNode) and node.address == INBOX
