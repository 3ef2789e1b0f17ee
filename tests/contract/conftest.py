"""Each contract test runs against every adapter of its port, and opens it again as a process does that was killed."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import evolve

from waygrid_shell.runtime.cluster_wiring import redis_ports
from waygrid_shell.runtime.wiring import OpenPorts, Ports, memory_ports, sqlite_ports
from waygrid_shell.settings.settings import RedisSettings, Settings


@pytest.fixture(params=["memory", "sqlite"])
def open_ports(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPorts:
    if request.param == "sqlite":
        return lambda: sqlite_ports(tmp_path)
    kept = memory_ports()

    @asynccontextmanager
    async def in_memory() -> AsyncIterator[Ports]:
        yield kept

    return in_memory


@pytest.fixture(params=["memory", "sqlite", "redis", "redis cluster"])
def open_quick_ports(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPorts:
    """For the ports that Redis serves, alone or as a Cluster; the others are in memory then."""
    return (lambda: sqlite_ports(tmp_path)) if request.param == "sqlite" else _quick(request)


@pytest.fixture(params=["memory", "redis", "redis cluster"])
def open_shared_ports(request: pytest.FixtureRequest) -> OpenPorts:
    """For what processes share, and one alone has in memory. They may be open twice at once."""
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
            )

    return opened
