"""The ports, by technology. The only importer of adapters."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.host.folder_lock import own_folder
from waygrid_shell.adapters.host.secret_vault import EnvironmentSecretVault
from waygrid_shell.adapters.memory.audit_log import MemoryAuditLog
from waygrid_shell.adapters.memory.channel_log import MemoryChannelLog
from waygrid_shell.adapters.memory.claim_book import MemoryClaimBook
from waygrid_shell.adapters.memory.dag_store import MemoryDagStore
from waygrid_shell.adapters.memory.event_book import MemoryEventBook
from waygrid_shell.adapters.memory.event_log import MemoryEventLog
from waygrid_shell.adapters.memory.journal import MemoryJournal
from waygrid_shell.adapters.memory.lease_table import MemoryLeaseTable
from waygrid_shell.adapters.memory.live_feed import MemoryLiveFeed
from waygrid_shell.adapters.memory.presence import MemoryPresence
from waygrid_shell.adapters.memory.principal_store import MemoryPrincipalStore
from waygrid_shell.adapters.memory.rate_limiter import MemoryRateLimiter
from waygrid_shell.adapters.memory.seen_ledger import MemorySeenLedger
from waygrid_shell.adapters.memory.timer_book import MemoryTimerBook
from waygrid_shell.adapters.sqlite.audit_log import SqliteAuditLog
from waygrid_shell.adapters.sqlite.channel_log import SqliteChannelLog
from waygrid_shell.adapters.sqlite.claim_book import SqliteClaimBook
from waygrid_shell.adapters.sqlite.dag_store import SqliteDagStore
from waygrid_shell.adapters.sqlite.database import Database, open_database
from waygrid_shell.adapters.sqlite.event_book import SqliteEventBook
from waygrid_shell.adapters.sqlite.event_log import SqliteEventLog
from waygrid_shell.adapters.sqlite.journal import SqliteJournal
from waygrid_shell.adapters.sqlite.outbox import SqliteOutbox
from waygrid_shell.adapters.sqlite.principal_store import SqlitePrincipalStore
from waygrid_shell.adapters.sqlite.seen_ledger import SqliteSeenLedger
from waygrid_shell.adapters.sqlite.timer_book import SqliteTimerBook
from waygrid_shell.ports.audit_log import AuditLog
from waygrid_shell.ports.channel_log import ChannelLog
from waygrid_shell.ports.claim_book import ClaimBook
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_book import EventBook
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Journal
from waygrid_shell.ports.lease_table import LeaseTable
from waygrid_shell.ports.live_feed import LiveFeed
from waygrid_shell.ports.outbox import Outbox
from waygrid_shell.ports.presence import Presence
from waygrid_shell.ports.principal_store import PrincipalStore
from waygrid_shell.ports.rate_limiter import RateLimiter
from waygrid_shell.ports.record_log import RecordLog
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.ports.seen_ledger import SeenLedger
from waygrid_shell.ports.timer_book import TimerBook
from waygrid_shell.ports.upkeep import Upkeep

DATABASE_FILE = "waygrid.db"


@frozen(kw_only=True)
class Ports:
    """Everything that a plant needs of the world."""

    event_log: EventLog
    journal: Journal
    dag_store: DagStore
    timer_book: TimerBook
    event_book: EventBook
    seen_ledger: SeenLedger
    claim_book: ClaimBook
    channel_log: ChannelLog
    principal_store: PrincipalStore
    audit_log: AuditLog
    outbox: Outbox | None = None
    """None: the services write one after the other, see `waygrid_shell.hosting.outbox`."""
    record_log: RecordLog | None = None
    """None: no Kafka of the user's is known."""
    upkeep: Upkeep | None = None
    """None: the store makes its room as it goes."""
    clock: Clock = Factory(HostClock)
    secret_vault: SecretVault = Factory(EnvironmentSecretVault)
    live_feed: LiveFeed = Factory(MemoryLiveFeed)
    lease_table: LeaseTable = Factory(lambda self: MemoryLeaseTable(self.clock), takes_self=True)
    presence: Presence = Factory(lambda self: MemoryPresence(self.clock), takes_self=True)
    rate_limiter: RateLimiter = Factory(lambda self: MemoryRateLimiter(self.clock), takes_self=True)


OpenPorts: TypeAlias = Callable[[], AbstractAsyncContextManager[Ports]]
"""Opens ports; opened again, durable ones have what they had."""


def memory_ports(extensions: Extensions = NO_EXTENSIONS) -> Ports:
    """Ports that live as long as the object; DAGs and Specs are read with these `extensions`."""
    return Ports(
        event_log=MemoryEventLog(),
        journal=MemoryJournal(),
        dag_store=MemoryDagStore(extensions),
        timer_book=MemoryTimerBook(),
        event_book=MemoryEventBook(),
        seen_ledger=MemorySeenLedger(),
        claim_book=MemoryClaimBook(),
        channel_log=MemoryChannelLog(),
        principal_store=MemoryPrincipalStore(),
        audit_log=MemoryAuditLog(),
    )


@asynccontextmanager
async def sqlite_ports(data_dir: Path, extensions: Extensions = NO_EXTENSIONS) -> AsyncIterator[Ports]:
    """Ports on one SQLite file in `data_dir`, which this process owns meanwhile; the folder is made if needed.

    DAGs and Specs are read with these `extensions`.

    Raises `StorageInUse` if another process owns it, `ForeignStorage`, `Unavailable`, `StorageFull`, `OSError`.
    """
    with own_folder(data_dir):
        async with open_database(data_dir / DATABASE_FILE) as database:
            yield database_ports(database, extensions)


def database_ports(database: Database, extensions: Extensions = NO_EXTENSIONS) -> Ports:
    """Ports on an open database."""
    event_log, journal, seen_ledger = SqliteEventLog(database), SqliteJournal(database), SqliteSeenLedger(database)
    return Ports(
        event_log=event_log,
        journal=journal,
        dag_store=SqliteDagStore(database, extensions),
        timer_book=SqliteTimerBook(database),
        event_book=SqliteEventBook(database),
        seen_ledger=seen_ledger,
        claim_book=SqliteClaimBook(database),
        channel_log=SqliteChannelLog(database),
        principal_store=SqlitePrincipalStore(database),
        audit_log=SqliteAuditLog(database),
        outbox=SqliteOutbox(database, journal=journal, seen_ledger=seen_ledger, event_log=event_log),
    )
