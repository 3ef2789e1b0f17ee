"""A traversal from begin to end, as fast as the machine goes: every dispatch is answered with a success."""

from collections import deque
from datetime import UTC, datetime
from typing import Final

from benchmarks.shapes import Document
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import Dag
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, NodeSuccess, Signal
from waygrid_core.traversal.state import TraversalState, new_traversal

TRAVERSAL: Final = TraversalId("01KDVDNA0000000000000000AA")
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def compiled(document: Document) -> Dag:
    """The DAG of a document that is right."""
    return compile_document(document).unwrap().dag


def run(dag: Dag, most: int | None = None) -> tuple[TraversalState, int]:
    """The last state, and how many transitions led to it; at most `most` of them."""
    state = new_traversal(TRAVERSAL)
    waiting: deque[Signal] = deque([Begin(TRAVERSAL, {"n": 1})])
    transitions = 0
    while waiting and transitions != most:
        done = transition(dag, state, waiting.popleft(), NOW).unwrap()
        state = done.state
        transitions += 1
        for effect in done.effects:
            if type(effect) is DispatchNode:
                waiting.append(NodeSuccess(TRAVERSAL, effect.node, effect.attempt, {"n": 1}))
    return state, transitions
