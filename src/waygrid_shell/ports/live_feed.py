"""The live feed: what happens now, for people who watch."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias

from attrs import frozen

from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.state import TraversalStatus


@frozen(kw_only=True)
class Sighting:
    """A traversal after a batch: its status, whose it is, and what happened to its nodes (event names, in order).

    `base` is its version before the batch: who has seen that version has missed nothing.
    """

    traversal: TraversalId
    root: TraversalId
    status: TraversalStatus
    version: int
    nodes: Sequence[tuple[NodeId, str]] = ()
    base: int = 0


@frozen(kw_only=True)
class Progress:
    """Something that a handler tells while it works on an attempt: tokens of a model, a share that is done."""

    traversal: TraversalId
    root: TraversalId
    node: NodeId
    attempt: int
    data: JsonValue


Told: TypeAlias = Sighting | Progress


class LiveFeed(Protocol):
    """Tells who watches. It may drop: the journal is the truth, and who must not miss anything looks there."""

    def tell(self, told: Sequence[Told]) -> None:
        """Tell all watchers. Never waits and never fails."""
        ...

    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[Sequence[Told]]]:
        """What is told from now on."""
        ...
