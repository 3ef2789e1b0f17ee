"""The servers of a simulated platform: what is kept, whatever happens to processes.

They are the adapters in memory, which wait for nothing: what a request does at a server it does at one instant. What
can go wrong on the way there is the business of `network`; what can go wrong with a server itself is said here.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from attrs import define

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_shell.adapters.memory.audit_log import MemoryAuditLog
from waygrid_shell.adapters.memory.channel_log import MemoryChannelLog
from waygrid_shell.adapters.memory.claim_book import MemoryClaimBook
from waygrid_shell.adapters.memory.dag_store import MemoryDagStore
from waygrid_shell.adapters.memory.event_book import MemoryEventBook
from waygrid_shell.adapters.memory.event_log import Keeping, MemoryEventLog
from waygrid_shell.adapters.memory.journal import MemoryJournal
from waygrid_shell.adapters.memory.lease_table import MemoryLeaseTable
from waygrid_shell.adapters.memory.presence import MemoryPresence
from waygrid_shell.adapters.memory.principal_store import MemoryPrincipalStore
from waygrid_shell.adapters.memory.record_log import MemoryRecordLog
from waygrid_shell.adapters.memory.seen_ledger import MemorySeenLedger
from waygrid_shell.adapters.memory.subscription import MemorySubscription
from waygrid_shell.adapters.memory.timer_book import MemoryTimerBook
from waygrid_shell.ports.journal import Change
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.simulation.loop import VirtualLoop
from waygrid_shell.simulation.transcript import Transcript
from waygrid_shell.simulation.witness import Witness

__all__ = ["BEGINNING", "GroupMember", "Server", "Servers", "VirtualClock"]

BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""What every clock shows when a run begins, but for its skew."""

GroupMember = MemorySubscription
"""A reader of the log, as the log knows it."""


class VirtualClock:
    """See `waygrid_shell.ports.clock.Clock`: the time of a loop, and so much more."""

    def __init__(self, loop: VirtualLoop, skew: timedelta = timedelta(0)) -> None:
        self._loop = loop
        self.skew = skew

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self._loop.time()) + self.skew


@define(eq=False)
class Server:
    """One of them. `slowness`: an answer takes so many times as long as usual."""

    name: str
    is_down: bool = False
    is_full: bool = False
    slowness: float = 1.0


class _WitnessedJournal(MemoryJournal):
    def __init__(self, witness: Witness, transcript: Transcript | None) -> None:
        super().__init__()
        self._witness = witness
        self._transcript = transcript

    async def commit(self, changes: Sequence[Change]) -> None:
        await super().commit(changes)
        self._witness.committed(changes)
        if self._transcript is not None:
            self._transcript.say("journal", partial(_said_of_changes, changes))


def _said_of_changes(changes: Sequence[Change]) -> str:
    return "; ".join(
        f"{change.state.traversal} at {decision.version}: {', '.join(type(each).__name__ for each in decision.events)}"
        for change in changes
        for decision in change.decisions
    )


def _said_of_records(records: Sequence[TransportEnvelope]) -> str:
    return ", ".join(
        f"{'what nobody can read' if record.sealed is None else type(record.sealed.message).__name__} "
        f"for {record.key} to {record.topic}"
        for record in records
    )


class Servers:
    """A log, a database and a cache, or one database for all. `partitions` are those of each topic of the log.

    `record_topics` are the users' own. Every process has these `extensions`. What is decided
    and published is told to `transcript`.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        *,
        partitions: int,
        is_one_database: bool = False,
        record_topics: Sequence[str] = (),
        extensions: Extensions = NO_EXTENSIONS,
        transcript: Transcript | None = None,
    ) -> None:
        keeping = Keeping.EACH_RECORD if is_one_database else Keeping.ONE_POSITION
        self.log, self.database, self.cache = Server("log"), Server("database"), Server("cache")
        self.clock = VirtualClock(loop)
        self.event_log = MemoryEventLog(partitions, keeping)
        self.witness = Witness()
        self.journal = _WitnessedJournal(self.witness, transcript)
        self._transcript = transcript
        self.dag_store = MemoryDagStore(extensions)
        self.timer_book = MemoryTimerBook()
        self.event_book = MemoryEventBook()
        self.claim_book = MemoryClaimBook()
        self.channel_log = MemoryChannelLog()
        self.principal_store = MemoryPrincipalStore()
        self.audit_log = MemoryAuditLog()
        self.record_log = MemoryRecordLog(record_topics)
        self.published: list[TransportEnvelope] = []
        """All of it, in order."""
        self.lose_cache()

    @property
    def every(self) -> Sequence[Server]:
        """All three."""
        return (self.log, self.database, self.cache)

    def lose_cache(self) -> None:
        """The cache keeps nothing: it has been started anew."""
        self.seen_ledger = MemorySeenLedger()
        self.lease_table = MemoryLeaseTable(self.clock)
        self.presence = MemoryPresence(self.clock)

    def ports(self) -> Ports:
        """The ports as they are at the servers themselves, where nothing goes wrong: for whoever judges."""
        return Ports(
            event_log=self.event_log,
            journal=self.journal,
            dag_store=self.dag_store,
            timer_book=self.timer_book,
            event_book=self.event_book,
            seen_ledger=self.seen_ledger,
            claim_book=self.claim_book,
            channel_log=self.channel_log,
            principal_store=self.principal_store,
            audit_log=self.audit_log,
            clock=self.clock,
            lease_table=self.lease_table,
            presence=self.presence,
        )

    async def decide(self, changes: Sequence[Change], records: Sequence[TransportEnvelope]) -> None:
        """Both or neither; see `waygrid_shell.ports.outbox.DecisionOutbox`."""
        if changes:
            await self.journal.commit(changes)
        await self.publish(records)

    async def answer(self, answers: Sequence[Answer], records: Sequence[TransportEnvelope]) -> None:
        """Both or neither; see `waygrid_shell.ports.outbox.AnswerOutbox`."""
        await self.seen_ledger.record(answers)
        await self.publish(records)

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        """See `waygrid_shell.ports.event_log.EventLog`."""
        self.published.extend(records)
        await self.event_log.publish(records)
        self.witness.published(records)
        if records and self._transcript is not None:
            self._transcript.murmur("log", partial(_said_of_records, records))
