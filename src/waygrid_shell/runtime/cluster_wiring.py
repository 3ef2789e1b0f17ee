"""The ports of a cluster: Kafka, PostgreSQL and Redis, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import evolve, frozen

from waygrid_shell.adapters.kafka.event_log import open_event_log
from waygrid_shell.adapters.memory.blob_store import MemoryBlobStore
from waygrid_shell.adapters.memory.dead_letter_book import MemoryDeadLetterBook
from waygrid_shell.adapters.memory.live_feed import MemoryLiveFeed
from waygrid_shell.adapters.postgres.database import open_postgres
from waygrid_shell.adapters.postgres.journal import PostgresJournal
from waygrid_shell.adapters.redis.client import open_redis
from waygrid_shell.adapters.redis.lease_table import RedisLeaseTable
from waygrid_shell.adapters.redis.live_feed import RedisLiveFeed, open_live_feed
from waygrid_shell.adapters.redis.presence import RedisPresence
from waygrid_shell.adapters.redis.rate_limiter import RedisRateLimiter
from waygrid_shell.adapters.redis.seen_ledger import RedisSeenLedger
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import Settings


@asynccontextmanager
async def cluster_ports(settings: Settings) -> AsyncIterator[Ports]:
    """Ports on the servers of the settings, which any number of processes may share.

    Raises `Unavailable` if one of them does not answer, `ForeignStorage` if the database is not as it should be.
    """
    ports = memory_ports()
    async with (
        postgres_ports(settings) as postgres,
        redis_ports(settings) as redis,
        open_event_log(
            settings.kafka,
            dead_letter_book=MemoryDeadLetterBook(),
            blob_store=MemoryBlobStore(),
            clock=ports.clock,
        ) as event_log,
    ):
        yield evolve(
            ports,
            event_log=event_log,
            journal=postgres.journal,
            seen_ledger=redis.seen_ledger,
            live_feed=redis.live_feed,
            lease_table=redis.lease_table,
            presence=redis.presence,
            rate_limiter=redis.rate_limiter,
        )


@frozen(kw_only=True)
class PostgresPorts:
    """Those that PostgreSQL serves by itself."""

    journal: PostgresJournal


@asynccontextmanager
async def postgres_ports(settings: Settings) -> AsyncIterator[PostgresPorts]:
    """Ports on PostgreSQL. Raises `Unavailable` if it does not answer, `ForeignStorage` if it has to be migrated."""
    async with open_postgres(settings.postgres) as database:
        yield PostgresPorts(journal=PostgresJournal(database))


@frozen(kw_only=True)
class RedisPorts:
    """Those that Redis serves by itself."""

    seen_ledger: RedisSeenLedger
    live_feed: RedisLiveFeed
    lease_table: RedisLeaseTable
    presence: RedisPresence
    rate_limiter: RedisRateLimiter


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
        )
