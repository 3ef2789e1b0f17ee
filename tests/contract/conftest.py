"""Each contract test runs against every adapter of its port, and opens it again as a process does that was killed."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve

from tests.contract.event_logs import PARTITIONS, OpenLog, on_kafka
from tests.servers.cluster import ClusterServers
from waygrid_shell.adapters.memory.event_log import Keeping, MemoryEventLog
from waygrid_shell.runtime.cluster_wiring import postgres_ports, redis_ports
from waygrid_shell.runtime.wiring import OpenPorts, Ports, memory_ports, sqlite_ports
from waygrid_shell.settings.settings import PostgresSettings, RedisSettings, Settings


@pytest.fixture(params=["memory", "sqlite"])
def open_ports(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPorts:
    if request.param == "sqlite":
        return lambda: sqlite_ports(tmp_path)
    return _kept(memory_ports())


@pytest.fixture(params=["memory", "memory as a cluster", "sqlite", "kafka"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenLog]:
    """For the event log, of one process and of many."""
    match request.param:
        case "sqlite":
            yield OpenLog(lambda: sqlite_ports(tmp_path), keeps_each=True)
        case "kafka":
            with on_kafka(request.getfixturevalue("servers").kafka.bootstrap) as log:
                yield log
        case "memory":
            yield OpenLog(_kept(memory_ports()), keeps_each=True)
        case _:
            log_of_many = MemoryEventLog(PARTITIONS, Keeping.ONE_POSITION)
            ports = evolve(memory_ports(), event_log=log_of_many)
            yield OpenLog(_kept(ports), keeps_each=False, partitions=PARTITIONS, is_shared=True)


def _kept(ports: Ports) -> OpenPorts:
    @asynccontextmanager
    async def in_memory() -> AsyncIterator[Ports]:
        yield ports

    return in_memory


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def open_kept_ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenPorts]:
    """For the ports that PostgreSQL serves; the others are in memory then. They may be open twice at once there."""
    if request.param == "sqlite":
        yield lambda: sqlite_ports(tmp_path)
    elif request.param == "memory":
        yield _kept(memory_ports())
    else:
        yield partial(on_postgres, request.getfixturevalue("migrated_database"))


@pytest.fixture
def migrated_database(servers: ClusterServers) -> Iterator[str]:
    """The URL of a database on PostgreSQL with the tables of this version, and nothing in them."""
    with servers.postgres.migrated_database() as url:
        yield url


@asynccontextmanager
async def on_postgres(url: str) -> AsyncIterator[Ports]:
    """Ports on a database that is migrated; those that it does not serve are in memory, and new."""
    async with postgres_ports(Settings(postgres=PostgresSettings(url=url))) as postgres:
        yield evolve(
            memory_ports(),
            journal=postgres.journal,
            dag_store=postgres.dag_store,
            timer_book=postgres.timer_book,
            event_book=postgres.event_book,
            claim_book=postgres.claim_book,
            channel_log=postgres.channel_log,
            principal_store=postgres.principal_store,
            audit_log=postgres.audit_log,
        )


@pytest.fixture(params=["memory", "sqlite", "redis", "redis cluster"])
def open_quick_ports(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPorts:
    """For the ports that Redis serves, alone or as a Cluster; the others are in memory then."""
    return (lambda: sqlite_ports(tmp_path)) if request.param == "sqlite" else _quick(request)


@pytest.fixture(params=["memory", "redis", "redis cluster"])
def open_shared_ports(request: pytest.FixtureRequest) -> OpenPorts:
    """For what processes share, and one alone has in memory. They may be open twice at once."""
    return _quick(request)


@pytest.fixture(params=["memory", "sqlite", "postgres", "redis", "redis cluster"])
def open_timer_ports(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPorts:
    """For the timer book; that of Redis is an index over one in memory."""
    match request.param:
        case "sqlite":
            return lambda: sqlite_ports(tmp_path)
        case "postgres":
            return partial(on_postgres, request.getfixturevalue("migrated_database"))
        case _:
            return _quick(request)


@pytest.fixture(params=["memory", "postgres", "redis", "redis cluster"])
def open_timer_ports_of_a_cluster(request: pytest.FixtureRequest) -> OpenPorts:
    """For a timer book beside a log of many partitions."""
    if request.param == "postgres":
        return partial(on_postgres, request.getfixturevalue("migrated_database"))
    return _quick(request)


def _quick(request: pytest.FixtureRequest) -> OpenPorts:
    kept = memory_ports()
    redis = None
    if request.param == "redis":
        redis = RedisSettings(url=request.getfixturevalue("servers").redis.url, key_prefix=f"t{secrets.token_hex(5)}")
    elif request.param == "redis cluster":
        url = request.getfixturevalue("redis_cluster_url")
        redis = RedisSettings(url=url, cluster=True, key_prefix=f"t{secrets.token_hex(5)}")

    @asynccontextmanager
    async def opened() -> AsyncIterator[Ports]:
        if redis is None:
            yield kept
            return
        async with redis_ports(Settings(redis=redis)) as quick:
            yield evolve(
                kept,
                seen_ledger=quick.seen_ledger,
                live_feed=quick.live_feed,
                lease_table=quick.lease_table,
                presence=quick.presence,
                rate_limiter=quick.rate_limiter,
                timer_book=quick.timer_index(kept.timer_book),
            )

    return opened
