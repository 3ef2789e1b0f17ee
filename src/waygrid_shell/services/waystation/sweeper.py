"""Sends again what traversals wait for and is nowhere, from their states alone.

Nothing is lost by itself; but a message may have gone to the dead letters, by a mistake that is mended by now, or a
topic may have been cleared by hand. Sending an obligation again is always safe: a worker drops what it works on and
answers again what it has done, a child that has ended answers again, a timer is set to where it was.

What is perhaps on its way is left alone for an hour; then it is sent again too, and once more whenever the traversal
has stood still for twice as long.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.from_effect import from_effect
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.digest import short_digest
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_book import EventBook
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Idle, Journal
from waygrid_shell.ports.timer_book import TimerBook
from waygrid_shell.services.waystation.flight import Flight, Wait, Whereabouts
from waygrid_shell.services.waystation.outbox import sender_of
from waygrid_shell.services.waystation.recovery import waited_for
from waygrid_shell.services.waystation.roster import Present, Roster

LONG: Final = timedelta(hours=1)
"""What is on its way for so long may be lost. A traversal all of whose waits are where they should be is looked at
again after as long."""

_AT_ONCE: Final = 500
"""Traversals whose states are in memory at a time."""


@frozen
class Swept:
    """What was sent again: what was nowhere, and what may be lost."""

    missing: int = 0
    overdue: int = 0

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(self.missing + other.missing, self.overdue + other.overdue)


@frozen
class _Looked:
    """A traversal that changed last at `changed_at` need not be looked at before `again_at`, unless it changes."""

    changed_at: datetime
    again_at: datetime


class Sweeper:
    """Looks at unfinished traversals when it is asked to, and remembers when each is worth another look."""

    def __init__(
        self,
        *,
        event_log: EventLog,
        journal: Journal,
        dag_store: DagStore,
        timer_book: TimerBook,
        event_book: EventBook,
        clock: Clock,
    ) -> None:
        self._log = event_log
        self._journal = journal
        self._dag_store = dag_store
        self._clock = clock
        self._flight = Flight(
            event_log=event_log, journal=journal, timer_book=timer_book, event_book=event_book, clock=clock
        )
        self._looked: dict[TraversalId, _Looked] = {}

    async def sweep(self, quiet: timedelta = timedelta(0)) -> Swept:
        """Look once at all that have not changed for so long. Raises what ports raise."""
        swept = Swept()
        async for part in self.parts(quiet):
            swept += part
        return swept

    async def parts(self, quiet: timedelta) -> AsyncIterator[Swept]:
        """The same, a page of traversals at a time: whoever has time in between may rest."""
        now = self._clock.now()
        looked: dict[TraversalId, _Looked] = {}
        after: TraversalId | None = None
        while page := await self._journal.idle(now - quiet, after=after, limit=_AT_ONCE):
            after = page[-1].traversal
            due: list[Idle] = []
            for idle in page:
                before = self._looked.get(idle.traversal)
                if before is None or before.changed_at != idle.changed_at or before.again_at <= now:
                    due.append(idle)
                else:
                    looked[idle.traversal] = before
            if due:
                yield await self._look_at(due, quiet, looked)
        self._looked = looked

    async def _look_at(self, idles: Sequence[Idle], quiet: timedelta, looked: dict[TraversalId, _Looked]) -> Swept:
        present = (await Roster(self._journal, self._dag_store).call([idle.traversal for idle in idles])).present
        waits = [
            wait
            for idle in idles
            if idle.traversal in present
            for wait in _waits_of(present[idle.traversal], idle.changed_at)
        ]
        places = await self._flight.look_for(waits) if waits else ()
        now = self._clock.now()
        found: dict[TraversalId, list[tuple[Wait, Whereabouts]]] = {}
        for wait, place in zip(waits, places, strict=True):
            found.setdefault(wait.traversal, []).append((wait, place))
        records: list[TransportEnvelope] = []
        missing = 0
        for idle in idles:
            age = now - idle.changed_at
            of_it = found.get(idle.traversal, ())
            again = [
                (index, wait)
                for index, (wait, place) in enumerate(of_it)
                if place is Whereabouts.NOWHERE or (place is Whereabouts.PERHAPS_ON_ITS_WAY and age >= LONG)
            ]
            records += [_record(present[idle.traversal], wait, index, now) for index, wait in again]
            missing += sum(place is Whereabouts.NOWHERE for _, place in of_it)
            is_settled = again or all(place is Whereabouts.THERE for _, place in of_it)
            rest = max(LONG, age if again else LONG) if is_settled else max(quiet, age)
            looked[idle.traversal] = _Looked(idle.changed_at, now + rest)
        if records:
            await self._log.publish(records)
        return Swept(missing, len(records) - missing)


def _waits_of(present: Present, changed_at: datetime) -> list[Wait]:
    """What it waits for, in the order of its obligations."""
    if present.dag is None:
        return []
    sender = sender_of(present, None)
    return [
        Wait(
            traversal=present.state.traversal,
            version=present.state.version,
            changed_at=changed_at,
            receiver=receiver,
            message=message,
        )
        for effect in waited_for(present.state)
        for receiver, message in from_effect(effect, sender)
    ]


def _record(present: Present, wait: Wait, index: int, now: datetime) -> TransportEnvelope:
    name = short_digest(f"{wait.traversal}/{wait.version}/again/{index}".encode())
    return seal(wait.receiver, wait.message, name, sender=WAYSTATION, sent_at=now, trace=present.trace, delivery=2)
