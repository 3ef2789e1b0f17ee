"""Guarantees as monitors: what each has to remember of a run, and what breaks it.

A guarantee names nodes as scenarios do, those of bodies too. A body is one node to whoever runs it: what it dispatches
is dispatched, at the earliest, with that node, as often as that node can make it; and what succeeds inside has
succeeded with it only if no success of the body does without.
"""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.model.identifiers import NodeId
from waygrid_core.spec.node import AtMost, Guarantee, NeverBefore
from waygrid_core.traversal.events import (
    Event,
    NodeDispatched,
    NodeFailed,
    NodeSucceeded,
    NodeTimedOut,
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalTimedOut,
)

Memory: TypeAlias = int
"""What a monitor remembers: of a `never`, whether it is kept by now; of an `atMost`, how often so far."""

_KEPT = 1


@frozen(kw_only=True)
class Promise:
    """A guarantee of one DAG, in terms of its own nodes.

    `dispatched` are the nodes whose dispatch counts, and for how many; `at_end`: what the traversal's end counts for,
    where the guarantee is about its onEnd. After the success of a node in `assured` (after its failure, for
    `assured_by_failure`) what must come before has come.
    """

    guarantee: Guarantee
    index: int
    dispatched: Mapping[NodeId, int]
    at_end: int = 0
    assured: frozenset[NodeId] = frozenset()
    assured_by_failure: frozenset[NodeId] = frozenset()

    @property
    def marked(self) -> frozenset[NodeId]:
        """The nodes whose order among others counts."""
        return frozenset(self.dispatched) | self.assured | self.assured_by_failure

    def watch(self, memory: Memory, event: Event) -> tuple[Memory, bool]:
        """What is remembered after an event, and whether the event breaks it."""
        count = self._count(event)
        match self.guarantee:
            case NeverBefore():
                if memory == _KEPT:
                    return memory, False
                if count:
                    return _KEPT, True  # told once
                return (_KEPT if self._assures(event) else memory), False
            case AtMost(times=times):
                if memory > times:
                    return memory, False
                after = min(memory + count, times + 1)
                return after, after > times
            case _:
                assert_never(self.guarantee)

    def _count(self, event: Event) -> int:
        match event:
            case NodeDispatched(node=node):
                return self.dispatched.get(node, 0)
            case TraversalCompleted() | TraversalFailed() | TraversalTimedOut() | TraversalCanceled():
                return self.at_end
            case _:
                return 0

    def _assures(self, event: Event) -> bool:
        match event:
            case NodeSucceeded(node=node):
                return node in self.assured
            case NodeFailed(node=node) | NodeTimedOut(node=node):
                return node in self.assured_by_failure
            case _:
                return False
