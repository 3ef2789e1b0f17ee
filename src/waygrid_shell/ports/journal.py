"""The journal: what traversals decided, and so what they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from attrs import Factory, frozen

from waygrid_core.children.plan import TraversalPlan, dag_named_in
from waygrid_core.children.series_effects import SeriesEffect
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.children.series_state import SeriesState
from waygrid_core.envelope.stamps import Trace
from waygrid_core.message.parent import ParentLink
from waygrid_core.model.identifiers import DagHash, TraversalId
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

    `plan` None: nothing but a cancel has been heard of it. `name` and `labels` are what its user gave it, for people to
    find it by; `trace` is the trace context that its request came with.
    """

    plan: TraversalPlan | None
    parent: ParentLink | None
    root: TraversalId
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    trace: Trace | None = None

    @property
    def dag(self) -> DagHash | None:
        """The DAG that was asked for, or whose bodies were; None while nothing but a cancel has been heard."""
        return None if self.plan is None else dag_named_in(self.plan)


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


@frozen(kw_only=True)
class Query:
    """Which traversals a list shows: those for which all that is given holds. Nothing given: all.

    `dag` is the DAG that was asked for. `after` is the last one of the page before. Without `with_children`, only what
    users started.
    """

    statuses: frozenset[TraversalStatus] = frozenset()
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    dag: DagHash | None = None
    root: TraversalId | None = None
    begun_from: datetime | None = None
    begun_before: datetime | None = None
    with_children: bool = False
    after: TraversalId | None = None
    limit: int = 100


@frozen
class Idle:
    """A traversal or series that has not ended, and when something was decided about it last."""

    traversal: TraversalId
    changed_at: datetime


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

    async def decisions(
        self, traversal: TraversalId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Decision]:
        """Those of one traversal with versions above `after`, oldest first; all, or the first `limit` of them.

        Empty for an unknown one. What it costs is what it gives.
        """
        ...

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        """What lists show of these; absent where there is none."""
        ...

    async def unfinished(self) -> Sequence[Summary]:
        """Traversals and series that have not ended, oldest first."""
        ...

    async def idle(self, since: datetime, *, after: TraversalId | None = None, limit: int) -> Sequence[Idle]:
        """At most `limit` of those that have not ended or changed since then: the lowest ids above `after`, in order.

        What it costs does not grow with how many have ended.
        """
        ...

    async def count_unfinished(self) -> int:
        """How many traversals and series have not ended; quick, for it is asked every second."""
        ...

    async def search(self, query: Query) -> Sequence[Summary]:
        """At most `query.limit` traversals that match, the newest id first, older than `query.after`.

        What it costs does not grow with how many there are before or after the page.
        """
        ...

    async def forget(self, ended_before: datetime, limit: int) -> int:
        """Forget at most `limit` users' traversals that ended before that, with their descendants; how many they were.

        One that has a descendant which has not ended is kept. A descendant that began after its root was forgotten is
        forgotten by its own end. What other ports keep by the ids of the forgotten, such as claims, may go with them.
        """
        ...
