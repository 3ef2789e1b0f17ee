"""The ports of a cluster: Kafka, PostgreSQL and Redis, as the settings say."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

from attrs import evolve, frozen

from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.kafka.checking import check_topics
from waygrid_shell.adapters.kafka.event_log import open_event_log
from waygrid_shell.adapters.kafka.probe import probe_kafka
from waygrid_shell.adapters.kafka.record_log import open_record_log
from waygrid_shell.adapters.kafka.topics import create_topics, needed_topics
from waygrid_shell.adapters.memory.blob_store import MemoryBlobStore
from waygrid_shell.adapters.memory.dead_letter_book import MemoryDeadLetterBook
from waygrid_shell.adapters.memory.live_feed import MemoryLiveFeed
from waygrid_shell.adapters.postgres.audit_log import PostgresAuditLog
from waygrid_shell.adapters.postgres.blob_store import PostgresBlobStore
from waygrid_shell.adapters.postgres.channel_log import PostgresChannelLog, open_channel_log
from waygrid_shell.adapters.postgres.claim_book import PostgresClaimBook
from waygrid_shell.adapters.postgres.dag_store import PostgresDagStore
from waygrid_shell.adapters.postgres.database import open_postgres
from waygrid_shell.adapters.postgres.dead_letter_book import PostgresDeadLetterBook
from waygrid_shell.adapters.postgres.event_book import PostgresEventBook
from waygrid_shell.adapters.postgres.journal import PostgresJournal
from waygrid_shell.adapters.postgres.migrate import migrate, pending
from waygrid_shell.adapters.postgres.principal_store import PostgresPrincipalStore
from waygrid_shell.adapters.postgres.probe import probe_postgres
from waygrid_shell.adapters.postgres.timer_book import PostgresTimerBook
from waygrid_shell.adapters.postgres.upkeep import PostgresUpkeep
from waygrid_shell.adapters.redis.client import open_redis
from waygrid_shell.adapters.redis.lease_table import RedisLeaseTable
from waygrid_shell.adapters.redis.live_feed import RedisLiveFeed, open_live_feed
from waygrid_shell.adapters.redis.presence import RedisPresence
from waygrid_shell.adapters.redis.probe import probe_redis
from waygrid_shell.adapters.redis.rate_limiter import RedisRateLimiter
from waygrid_shell.adapters.redis.seen_ledger import RedisSeenLedger
from waygrid_shell.adapters.redis.timer_index import IndexedTimerBook
from waygrid_shell.ports.record_log import RecordLog
from waygrid_shell.ports.timer_book import TimerBook
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import Settings

__all__ = [
    "check_topics",
    "create_topics",
    "migrate",
    "needed_topics",
    "pending",
    "probe_kafka",
    "probe_postgres",
    "probe_redis",
]


@asynccontextmanager
async def cluster_ports(settings: Settings, extensions: Extensions = NO_EXTENSIONS) -> AsyncIterator[Ports]:
    """Ports on the servers of the settings, which any number of processes may share. All of them should have the same
    `extensions`: a DAG that one has stored is another one's to run.

    Raises `Unavailable` if one of them does not answer, `ForeignStorage` if the database is not as it should be.
    """
    ports = memory_ports()
    async with (
        postgres_ports(settings, extensions) as postgres,
        redis_ports(settings) as redis,
        open_event_log(
            settings.kafka,
            dead_letter_book=postgres.dead_letter_book,
            blob_store=postgres.blob_store,
            clock=ports.clock,
        ) as event_log,
        record_log(settings) as records,
    ):
        yield evolve(
            ports,
            event_log=event_log,
            record_log=records,
            journal=postgres.journal,
            dag_store=postgres.dag_store,
            timer_book=redis.timer_index(postgres.timer_book),
            event_book=postgres.event_book,
            claim_book=postgres.claim_book,
            channel_log=postgres.channel_log,
            principal_store=postgres.principal_store,
            audit_log=postgres.audit_log,
            upkeep=postgres.upkeep,
            seen_ledger=redis.seen_ledger,
            live_feed=redis.live_feed,
            lease_table=redis.lease_table,
            presence=redis.presence,
            rate_limiter=redis.rate_limiter,
        )


@asynccontextmanager
async def record_log(settings: Settings) -> AsyncIterator[RecordLog]:
    """The topics of the user's own, which are looked for only once one of them is read or written."""
    async with open_record_log(settings.kafka) as log:
        yield log


@frozen(kw_only=True)
class PostgresPorts:
    """Those that PostgreSQL serves by itself."""

    journal: PostgresJournal
    dag_store: PostgresDagStore
    timer_book: PostgresTimerBook
    event_book: PostgresEventBook
    claim_book: PostgresClaimBook
    channel_log: PostgresChannelLog
    dead_letter_book: PostgresDeadLetterBook
    blob_store: PostgresBlobStore
    principal_store: PostgresPrincipalStore
    audit_log: PostgresAuditLog
    upkeep: PostgresUpkeep


@asynccontextmanager
async def postgres_ports(settings: Settings, extensions: Extensions = NO_EXTENSIONS) -> AsyncIterator[PostgresPorts]:
    """Ports on PostgreSQL. Raises `Unavailable` if it does not answer, `ForeignStorage` if it has to be migrated."""
    async with open_postgres(settings.postgres) as database, open_channel_log(database) as channel_log:
        yield PostgresPorts(
            journal=PostgresJournal(database),
            dag_store=PostgresDagStore(database, extensions),
            timer_book=PostgresTimerBook(database),
            event_book=PostgresEventBook(database),
            claim_book=PostgresClaimBook(database),
            channel_log=channel_log,
            dead_letter_book=PostgresDeadLetterBook(database),
            blob_store=PostgresBlobStore(database),
            principal_store=PostgresPrincipalStore(database),
            audit_log=PostgresAuditLog(database),
            upkeep=PostgresUpkeep(database),
        )


@frozen(kw_only=True)
class RedisPorts:
    """Those that Redis serves by itself."""

    seen_ledger: RedisSeenLedger
    live_feed: RedisLiveFeed
    lease_table: RedisLeaseTable
    presence: RedisPresence
    rate_limiter: RedisRateLimiter
    timer_index: Callable[[TimerBook], TimerBook]
    """The book with an index of what is due soon."""


@asynccontextmanager
async def redis_ports(settings: Settings) -> AsyncIterator[RedisPorts]:
    """Ports on Redis. Raises `Unavailable` if it does not answer."""
    async with open_redis(settings.redis) as client, open_live_feed(client, MemoryLiveFeed()) as live_feed:
        yield RedisPorts(
            seen_ledger=RedisSeenLedger(client, settings.data.keep_answers),
            live_feed=live_feed,
            lease_table=RedisLeaseTable(client),
            presence=RedisPresence(client),
            rate_limiter=RedisRateLimiter(client),
            timer_index=partial(IndexedTimerBook, client),
        )


async def unread_messages(settings: Settings) -> Mapping[str, int]:
    """How many messages of each topic wait, for whoever has no database to look at. Raises `Unavailable`."""
    async with open_event_log(
        settings.kafka, dead_letter_book=MemoryDeadLetterBook(), blob_store=MemoryBlobStore(), clock=HostClock()
    ) as event_log:
        return await event_log.backlog()
