"""Guarantees as monitors: what each has to remember of a run, and what breaks it.

A guarantee names nodes as scenarios do, those of bodies too. A body is one node to whoever runs it: what it dispatches
is dispatched, at the earliest, with that node, as often as that node can make it; and what succeeds inside has
succeeded with it only if no success of the body does without. What speaks of an order after a moment, or of the end,
names nodes of its own DAG alone: of those both are known exactly.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from waygrid_core.model.identifiers import NodeId
from waygrid_core.spec.guarantee import Always, AtMost, Guarantee, Moment, NeverAfter, NeverBefore, OneOf
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
"""What a monitor remembers; 0 at the beginning of a run."""

_KEPT: Final = 1
"""Of a `never before`: it is kept, or was told."""
_HAS_COME: Final = 1
"""Of a `never after`: the moment has come."""
_TOLD: Final = 2
"""Of a `never after`, an `always`: it is broken, and that was told."""
_IS_OWED: Final = 1
"""Of an `always`: it is to be dispatched yet."""
_ENOUGH: Final = -1
"""Of an `always` without a moment: it was dispatched. Of a `one of`: it was told."""


@frozen(kw_only=True)
class Promise:
    """A guarantee of one DAG, in terms of its own nodes.

    `dispatched` are the nodes whose dispatch counts: for an `at most` for how many, for a `one of` as which of its
    names, from 1. `at_end`: what the traversal's end counts for, where the guarantee is about its onEnd. After the
    success of a node in `assured` (after its failure, for `assured_by_failure`) what must come before has come. The
    success, or failure, of a node in `moment` is that after which the guarantee speaks.
    """

    guarantee: Guarantee
    index: int
    dispatched: Mapping[NodeId, int]
    at_end: int = 0
    assured: frozenset[NodeId] = frozenset()
    assured_by_failure: frozenset[NodeId] = frozenset()
    moment: frozenset[NodeId] = frozenset()

    @property
    def marked(self) -> frozenset[NodeId]:
        """The nodes whose order among others counts."""
        return frozenset(self.dispatched) | self.assured | self.assured_by_failure | self.moment

    @property
    def asks_for_the_end(self) -> bool:
        """Whether it may be broken by what comes late: by a timer that ends a run after something else has happened."""
        return isinstance(self.guarantee, NeverAfter | Always | OneOf)

    @property
    def asks_how_it_ends(self) -> bool:
        """Whether a run that keeps it may break it by ending earlier."""
        return isinstance(self.guarantee, Always | OneOf) or (
            isinstance(self.guarantee, NeverBefore) and self.at_end > 0
        )

    def role(self, node: NodeId) -> str:
        """What it says of a node: nodes of different roles are not alike."""
        sets = (("s", self.assured), ("f", self.assured_by_failure), ("m", self.moment))
        return f"{self.dispatched.get(node, 0)}{''.join(letter for letter, nodes in sets if node in nodes)}"

    def attempts(self, node: NodeId) -> int:
        """How many attempts of a node it must see, at least; one stands for all where no other counts."""
        match self.guarantee:
            case AtMost(times=times):
                return times + 1 if node in self.dispatched else 1
            case NeverAfter():
                return 2 if node in self.dispatched else 1
            case NeverBefore() | Always() | OneOf():
                return 1
            case _:
                assert_never(self.guarantee)

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
            case NeverAfter(after=moment):
                if memory == _HAS_COME and count:
                    return _TOLD, True
                return (_HAS_COME if memory == 0 and self._is_moment(moment, event) else memory), False
            case Always(after=maybe):
                return self._owe(maybe, memory, event)
            case OneOf():
                return self._choose(memory, event)
            case _:
                assert_never(self.guarantee)

    def _owe(self, moment: Moment | None, memory: Memory, event: Event) -> tuple[Memory, bool]:
        if self._count(event):
            return (_ENOUGH if moment is None else 0), False
        if moment is not None and memory != _TOLD and self._is_moment(moment, event):
            return _IS_OWED, False
        is_owed = memory == _IS_OWED or (moment is None and memory == 0)
        return (_TOLD, True) if is_owed and _is_end(event) else (memory, False)

    def _choose(self, memory: Memory, event: Event) -> tuple[Memory, bool]:
        """Remembers which was dispatched."""
        which = self._count(event)
        if memory == _ENOUGH or (not which and not _is_end(event)):
            return memory, False
        if which and memory in (0, which):
            return which, False
        return (memory, False) if memory and not which else (_ENOUGH, True)

    def _count(self, event: Event) -> int:
        if isinstance(event, NodeDispatched):
            return self.dispatched.get(event.node, 0)
        return self.at_end if _is_end(event) else 0

    def _assures(self, event: Event) -> bool:
        """Whether what must come before has come. A timer says nothing of what a body had come to when it fired."""
        match event:
            case NodeSucceeded(node=node):
                return node in self.assured
            case NodeFailed(node=node):
                return node in self.assured_by_failure
            case _:
                return False

    def _is_moment(self, moment: Moment, event: Event) -> bool:
        match event:
            case NodeSucceeded(node=node):
                return moment.ended == "succeeded" and node in self.moment
            case NodeFailed(node=node) | NodeTimedOut(node=node):
                return moment.ended == "failed" and node in self.moment
            case _:
                return False


def _is_end(event: Event) -> bool:
    return isinstance(event, TraversalCompleted | TraversalFailed | TraversalTimedOut | TraversalCanceled)
