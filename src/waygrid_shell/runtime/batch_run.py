"""Runs a batch on a plant to its end: hands payloads in, a window at a time, and tells of each that has ended."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import anyio
from attrs import define, field, frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.inbox.mailbox import MailboxName
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.state import TERMINAL
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.origins.batch.intake import Claimed
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.journal import Summary
from waygrid_shell.ports.live_feed import Sighting
from waygrid_shell.runtime.embedded import EmbeddedPlant, Standstill

History: TypeAlias = Literal["new", "resumed", "ended-before"]
"""Whether this run accepted a traversal, or an earlier one did, and whether it had ended then already."""

_LOOK_SECONDS: Final = 0.5
"""How long nothing is told before we look for ourselves: the feed may drop."""

_REST_SECONDS: Final = 0.02


@frozen(kw_only=True)
class Job:
    """What is to be run."""

    compiled: CompiledDag
    payloads: Sequence[Payload]
    entry: int
    batch: str
    events: Sequence[GivenEvent]
    concurrency: int


@frozen(kw_only=True)
class Ended:
    """A traversal that has ended."""

    place: str
    history: History
    summary: Summary


@frozen(kw_only=True)
class Left:
    """A traversal that this run leaves as it is: nothing more happens to it by itself."""

    traversal: TraversalId
    place: str
    history: History
    awaits: tuple[MailboxName, ...]


@define
class Tally:
    """The batch so far."""

    total: int = 0
    new: int = 0
    resumed: int = 0
    ended_before: int = 0
    under_way: int = 0
    completed: int = 0
    not_completed: int = 0
    events_sent: int = 0
    events_sent_before: int = 0
    left: list[Left] = field(factory=list)

    @property
    def ended(self) -> int:
        """How many have ended, now or before."""
        return self.completed + self.not_completed


class BatchRun:
    """One batch on one plant. `tell` is called with each traversal as it ends."""

    def __init__(self, plant: EmbeddedPlant, job: Job, tell: Callable[[Ended], None]) -> None:
        self._plant = plant
        self._job = job
        self._tell = tell
        self._places: dict[TraversalId, str] = {}
        self._history: dict[TraversalId, History] = {}
        self._under_way: dict[TraversalId, None] = {}
        self._has_room = anyio.Event()
        self._is_handing_in = False
        self._has_swept = False
        self.tally = Tally()
        self.waits: tuple[tuple[str, int], ...] = ()
        """The events that are waited for, and by how many awaits."""

    async def run(self) -> None:
        """Run all to their ends, or until nothing more happens. Raises what ports raise."""
        ports = self._plant.ports
        claimed = await self._plant.intake.claim(
            self._job.payloads, self._job.compiled.dag, entry=self._job.entry, batch=self._job.batch
        )
        fresh = await self._take_stock(claimed)
        async with ports.live_feed.watch() as sightings, anyio.create_task_group() as tasks:
            tasks.start_soon(self._hand_in, fresh)
            await self._send_events([each.traversal for each in claimed] or list(self._under_way))
            while self.tally.ended + len(self.tally.left) < self.tally.total:
                ended: list[TraversalId] = []
                with anyio.move_on_after(_LOOK_SECONDS) as nothing_told:
                    told = await anext(sightings)
                    ended += [each.traversal for each in told if isinstance(each, Sighting) and each.status in TERMINAL]
                if nothing_told.cancelled_caught:
                    await self._look()
                elif ended:
                    await self._settle(ended)
            await self._let_rest()
            tasks.cancel_scope.cancel()

    async def _send_events(self, traversals: Sequence[TraversalId]) -> None:
        """Send what was not sent by an earlier run."""
        events = self._plant.intake.events(self._job.events, traversals, batch=self._job.batch)
        names = {MailboxName(event.event, event.key) for event in events}
        kept = await self._plant.ports.event_book.load(list(names))
        heard = {event for each in kept.values() for event in each.mailbox.events}
        new = [event for event in events if event.id not in heard]
        self.tally.events_sent = len(new)
        self.tally.events_sent_before = len(events) - len(new)
        if new:
            await self._plant.intake.send(new)

    async def _take_stock(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """Tell of what ended before, count what goes on; the payloads that were never accepted."""
        ports = self._plant.ports
        unfinished = [each for each in await ports.journal.unfinished() if each.traversal == each.origin.root]
        notes = await ports.claim_book.notes([each.traversal for each in unfinished])
        for each in unfinished:
            self._go_on(each.traversal, notes.get(each.traversal, "an earlier run"))
        known = await ports.journal.summaries([each.traversal for each in claimed])
        fresh: list[Claimed] = []
        for claim in claimed:
            self._places[claim.traversal] = claim.payload.place
            if claim.traversal in self._history:
                continue
            summary = known.get(claim.traversal)
            self.tally.total += 1
            if summary is None:
                fresh.append(claim)
                self._history[claim.traversal] = "new"
            else:
                self._history[claim.traversal] = "ended-before"
                self.tally.ended_before += 1
                self._end(summary)
        return fresh

    def _go_on(self, traversal: TraversalId, place: str) -> None:
        self._places[traversal] = place
        self._history[traversal] = "resumed"
        self._under_way[traversal] = None
        self.tally.total += 1
        self.tally.resumed += 1
        self.tally.under_way += 1

    async def _hand_in(self, fresh: Sequence[Claimed]) -> None:
        """As many at once as there is room for."""
        start = 0
        while start < len(fresh):
            room = self._job.concurrency - len(self._under_way)
            if room <= 0:
                self._has_room = anyio.Event()
                await self._has_room.wait()
                continue
            part = fresh[start : start + room]
            self._is_handing_in = True
            self._under_way.update(dict.fromkeys(each.traversal for each in part))
            await self._plant.intake.request(part, self._job.compiled.dag, entry=self._job.entry)
            self._is_handing_in = False
            start += len(part)
            self.tally.new += len(part)
            self.tally.under_way = len(self._under_way)

    async def _settle(self, ended: Sequence[TraversalId]) -> None:
        summaries = await self._plant.ports.journal.summaries(ended)
        for traversal in ended:
            summary = summaries.get(traversal)
            if summary is not None and summary.ended_at is not None and traversal in self._under_way:
                del self._under_way[traversal]
                self._end(summary)
        self.tally.under_way = len(self._under_way)
        self._has_room.set()

    def _end(self, summary: Summary) -> None:
        if summary.status == "Completed":
            self.tally.completed += 1
        else:
            self.tally.not_completed += 1
        self._tell(
            Ended(place=self._places[summary.traversal], history=self._history[summary.traversal], summary=summary)
        )

    async def _look(self) -> None:
        """What nobody told us: who has ended, what is waited for, and whether anything will happen at all."""
        await self._settle(list(self._under_way))
        standstill = None if self._is_handing_in else await self._plant.standstill()
        awaits = (await self._plant.ports.event_book.waiting()) if standstill is None else standstill.awaits
        counted = Counter(name.event for name, _ in awaits)
        self.waits = tuple(sorted(counted.items()))
        if standstill is not None and not self._has_swept:
            self._has_swept = True  # before leaving anything: perhaps a message was lost
            await self._plant.sweeper.sweep()
        elif standstill is not None and not self._is_handing_in:
            await self._settle(list(self._under_way))
            await self._leave(standstill)

    async def _leave(self, standstill: Standstill) -> None:
        """Nothing moves any more: what has not ended will not, in this run."""
        roots = await self._roots_of([waiter.traversal for _, waiter in standstill.awaits])
        for traversal in self._under_way:
            names = tuple(name for name, waiter in standstill.awaits if roots.get(waiter.traversal) == traversal)
            self.tally.left.append(
                Left(
                    traversal=traversal,
                    place=self._places[traversal],
                    history=self._history[traversal],
                    awaits=names,
                )
            )
        self._under_way.clear()
        self._has_room.set()

    async def _roots_of(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, TraversalId]:
        summaries = await self._plant.ports.journal.summaries(traversals)
        return {traversal: summary.origin.root for traversal, summary in summaries.items()}

    async def _let_rest(self) -> None:
        """What outlives the traversals (their onEnds) ends too, unless it waits for something from outside."""
        while await self._plant.standstill() is None:
            await anyio.sleep(_REST_SECONDS)
