"""The journal: what traversals decided, and so what they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from attrs import frozen

from waygrid_core.children.plan import TraversalPlan
from waygrid_core.children.series_effects import SeriesEffect
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.children.series_state import SeriesState
from waygrid_core.message.parent import ParentLink
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.effects import Effect
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.state import TraversalState, TraversalStatus

AnyState: TypeAlias = TraversalState | SeriesState
AnyEvent: TypeAlias = Event | SeriesEvent
AnyEffect: TypeAlias = Effect | SeriesEffect


@frozen(kw_only=True)
class Origin:
    """What does not change about a traversal: how it runs, who waits for it, and which traversal a user started.

    `plan` None: nothing but a cancel has been heard of it.
    """

    plan: TraversalPlan | None
    parent: ParentLink | None
    root: TraversalId


@frozen(kw_only=True)
class Decision:
    """One row of the journal: what one message made of a traversal. `version` is that of the state after it."""

    version: int
    cause: str
    at: datetime
    events: tuple[AnyEvent, ...]
    effects: tuple[AnyEffect, ...]


@frozen(kw_only=True)
class Change:
    """What one batch made of one traversal: decisions on top of version `base` (0: there was none), oldest first."""

    origin: Origin
    base: int
    decisions: tuple[Decision, ...]
    state: AnyState


@frozen(kw_only=True)
class Stored:
    """A traversal as it is kept."""

    origin: Origin
    state: AnyState


@frozen(kw_only=True)
class Summary:
    """What lists show of a traversal."""

    traversal: TraversalId
    origin: Origin
    status: TraversalStatus
    version: int
    begun_at: datetime
    ended_at: datetime | None
    output: JsonValue
    error: ErrorDetail | None
    reason: str | None


class Journal(Protocol):
    """Keeps every decision of every traversal.

    - `commit` writes all changes of a batch or none; what it returned from is kept through a crash.
    - Versions guard: a change whose `base` is not the version that is kept is refused, and its batch with it.
    - `load` gives the state that folding all events gives.
    - (traversal, cause) is unique: `recorded` finds the decision that a message has made already.
    """

    async def commit(self, changes: Sequence[Change]) -> None:
        """Write the batch. Raises `VersionConflict`, `StorageFull` or `Unavailable`."""
        ...

    async def load(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Stored]:
        """These traversals; those that were never heard of are absent."""
        ...

    async def recorded(self, causes: Sequence[tuple[TraversalId, str]]) -> Mapping[tuple[TraversalId, str], Decision]:
        """The decisions that these messages have made already; absent where there is none."""
        ...

    async def decisions(self, traversal: TraversalId) -> Sequence[Decision]:
        """All of one traversal, oldest first; empty for an unknown one."""
        ...

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        """What lists show of these; absent where there is none."""
        ...

    async def unfinished(self) -> Sequence[Summary]:
        """Traversals and series that have not ended, oldest first."""
        ...
