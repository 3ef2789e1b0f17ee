"""Who hears every decision, as the journal keeps it, and counts. Nothing here changes what happens."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from attrs import define, frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.inner import compiled_inside
from waygrid_core.dag.naming import title_of
from waygrid_core.dag.node import TaskNode
from waygrid_core.inbox.mailbox import MailboxName, mailbox_of
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import DagHash, NodeId, TraversalId
from waygrid_core.traversal.events import (
    NodeCanceled,
    NodeDispatched,
    NodeFailed,
    NodeSucceeded,
    NodeTimedOut,
    RetryScheduled,
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalTimedOut,
)
from waygrid_shell.hosting.attempt import Attempt
from waygrid_shell.ports.journal import AnyEvent, Change
from waygrid_shell.simulation.workload.measures import Bucket, Level
from waygrid_shell.simulation.workload.meters import Meter
from waygrid_shell.simulation.workload.used import dags_of

ARRIVAL: Final = "arrival"
"""The label by which a traversal is known: its number."""

_ENDS: Final = frozenset({TraversalCompleted, TraversalFailed, TraversalCanceled, TraversalTimedOut})
_TRIED: Final = frozenset({NodeSucceeded, NodeFailed, NodeTimedOut, RetryScheduled, NodeCanceled})


@frozen
class Place:
    """A node of a Spec, as people know it. `address` is who does its work, `event` what it awaits, if it does."""

    spec: str
    node: str
    address: ServiceAddress | None
    event: str | None


Places: TypeAlias = Mapping[tuple[DagHash, NodeId], Place]


def places_of(compiled: Mapping[str, CompiledDag]) -> Places:
    """All tasks of these Specs and their bodies; a body that stands in two Specs is that of the first."""
    found: dict[tuple[DagHash, NodeId], Place] = {}
    for spec, outer in compiled.items():
        for dag in dags_of(outer):
            inner = compiled_inside(outer, dag.hash)
            assert inner is not None, "it stands in there"
            for node in dag.nodes.values():
                if isinstance(node, TaskNode):
                    address = None if node.address.component == "system" else node.address
                    place = Place(spec, title_of(dag, inner.annotations, node), address, node.event)
                    found.setdefault((dag.hash, node.id), place)
    return found


@define(eq=False)
class Open:
    """An attempt that has not ended, dispatched then."""

    place: Place
    attempt: int
    since: float
    mailbox: MailboxName | None
    has_begun: bool = False


@frozen
class _Journey:
    """A traversal that somebody wants, of that Spec, since then."""

    spec: str
    since: float


@frozen
class FailureKey:
    """A failure of an attempt: where, its code, and whether it was the node's last."""

    place: Place
    code: str
    is_final: bool


class Witness:
    """`meters` are those of the services. `hears_await` is told of each await that begins; `ends` of each traversal of
    a user that has ended.
    """

    def __init__(
        self,
        now: Callable[[], float],
        places: Places,
        meters: Mapping[ServiceAddress, Meter],
        *,
        bucket_seconds: float,
        hears_await: Callable[[MailboxName], None],
        ends: Callable[[TraversalId], None],
    ) -> None:
        self._now = now
        self._places = places
        self._meters = meters
        self._bucket_seconds = bucket_seconds
        self._hears_await = hears_await
        self._tells_end = ends
        self._journeys: dict[int, _Journey] = {}
        self._ended: dict[TraversalId, None] = {}
        self._begun: dict[TraversalId, None] = {}
        self.open: dict[tuple[TraversalId, NodeId], Open] = {}
        """Attempts that have not ended."""
        self.buckets: list[Bucket] = []
        self.under_way = Level()
        """Traversals that were handed in and have not ended."""
        self.statuses: Counter[tuple[str, str]] = Counter()
        """How many traversals of a Spec ended with a status."""
        self.errors: Counter[tuple[str, str]] = Counter()
        """How many of a Spec ended with the code of an error."""
        self.latencies: dict[str, list[float]] = {}
        """By Spec, from when a traversal was handed in to its end, in seconds."""
        self.failures: Counter[FailureKey] = Counter()
        self.arrived = 0
        self.handed_in: Counter[str] = Counter()
        """How many of a Spec."""
        self.attempts = 0
        self.retries = 0
        self.last_decision = 0.0
        self.last_end = 0.0
        self.wrong: list[str] = []

    # --- what is asked for

    def arrives(self, spec: str) -> int:
        """Somebody wants a traversal of that Spec; its number."""
        now = self._now()
        self.arrived += 1
        self.handed_in[spec] += 1
        self._journeys[self.arrived] = _Journey(spec, now)
        self.under_way.add(1, now)
        self._bucket(now).arrived += 1
        return self.arrived

    def has_begun(self, traversal: TraversalId) -> bool:
        """Whether anything was decided about it."""
        return traversal in self._begun

    # --- what happens

    def hear(self, changes: Sequence[Change]) -> None:
        """These have been kept."""
        now = self.last_decision = self._now()
        for change in changes:
            traversal = change.state.traversal
            is_users = traversal == change.origin.root
            if is_users and change.base == 0:
                self._begun[traversal] = None
            for decision in change.decisions:
                for event in decision.events:
                    kind = type(event)
                    if kind is NodeDispatched:
                        self._dispatched(change, event, now)
                    elif kind in _TRIED:
                        self._tried(change, event)
                    elif is_users and kind in _ENDS:
                        self._ends(change, now)

    def _dispatched(self, change: Change, event: Any, now: float) -> None:
        place = self._places.get((change.state.dag, event.node))
        if place is None:
            return  # a member of an each, say: what it calls is counted
        mailbox = None
        if place.event is not None:
            mailbox = mailbox_of(event.parameters, change.origin.root)
        key = (change.state.traversal, event.node)
        if mailbox is not None:
            self._hears_await(mailbox)
        self.open[key] = Open(place, event.attempt, now, mailbox)
        if place.address is not None:
            self.attempts += 1
            self._meters[place.address].dispatched()

    def _tried(self, change: Change, event: AnyEvent) -> None:
        assert isinstance(event, NodeSucceeded | NodeFailed | NodeTimedOut | RetryScheduled | NodeCanceled)
        opened = self.open.pop((change.state.traversal, event.node), None)
        if opened is None:
            return  # it was scheduled, and not dispatched
        address = opened.place.address
        if address is not None and not opened.has_begun:
            self._meters[address].given_up()
        if isinstance(event, NodeFailed | NodeTimedOut | RetryScheduled):
            is_final = not isinstance(event, RetryScheduled)
            self.retries += not is_final
            self.failures[FailureKey(opened.place, event.error.code, is_final)] += 1

    def _ends(self, change: Change, now: float) -> None:
        traversal, state = change.state.traversal, change.state
        if traversal in self._ended:
            self.wrong.append(f"{traversal} ended twice")
            return
        self._ended[traversal] = None
        journey = self._journeys.pop(int(change.origin.labels.get(ARRIVAL, 0)), None)
        if journey is None:
            self.wrong.append(f"{traversal} was wanted by nobody")
            return
        self.last_end = now
        self.under_way.add(-1, now)
        self.statuses[journey.spec, state.status] += 1
        if state.error is not None:
            self.errors[journey.spec, state.error.code] += 1
        self.latencies.setdefault(journey.spec, []).append(now - journey.since)
        bucket = self._bucket(now)
        bucket.ended += 1
        bucket.latencies.append(now - journey.since)
        self._tells_end(traversal)

    def begins(self, attempt: Attempt) -> None:
        """A service begins with an attempt, perhaps not for the first time."""
        opened = self.open.get((attempt.traversal, attempt.node))
        if opened is not None and opened.attempt == attempt.attempt and not opened.has_begun:
            opened.has_begun = True
            self._meters[attempt.address].begun(opened.since)

    # --- time

    def look(self) -> None:
        """Note how much is under way: at the end of each part of the time."""
        bucket = self._bucket(self._now() - self._bucket_seconds / 2)
        bucket.backlog = self.under_way.count
        bucket.waiting = sum(meter.waiting.count for meter in self._meters.values())

    def _bucket(self, now: float) -> Bucket:
        index = int(now / self._bucket_seconds)
        while len(self.buckets) <= index:
            self.buckets.append(Bucket())
        return self.buckets[index]
