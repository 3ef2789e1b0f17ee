"""A key may send so many requests a second, over all processes; where nobody counts them they pass."""

import hashlib
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

import anyio
import pytest
from attrs import evolve

from tests.integration.api.serving import Api, Reply, listening, platform_over
from tests.servers.cluster import ClusterServers
from tests.servers.redis import own_redis
from waygrid_shell.runtime.cluster_wiring import redis_ports
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import ApiKey, RedisSettings, ServerSettings, Settings

pytestmark = pytest.mark.anyio


def key(name: str) -> ApiKey:
    return ApiKey(name=name, digest=hashlib.sha256(name.encode()).hexdigest(), scopes=frozenset({"read"}))


LIMITED = ServerSettings(max_requests_per_second=2, keys=(key("one"), key("other")))


@asynccontextmanager
async def process(redis: RedisSettings) -> AsyncIterator[Api]:
    """The API of a process of a cluster."""
    async with redis_ports(Settings(redis=redis)) as quick:
        ports = evolve(memory_ports(), rate_limiter=quick.rate_limiter)
        async with listening(platform_over(ports, LIMITED)) as api:
            yield api


async def ask(api: Api, name: str) -> Reply:
    return await api.ask("GET", "/v1/processes", headers={"Authorization": f"Bearer {name}"})


async def test_a_key_that_sends_too_many_requests_is_told_when_to_come_again(servers: ClusterServers) -> None:
    redis = RedisSettings(url=servers.redis.url, key_prefix=secrets.token_hex(5))
    async with process(redis) as here, process(redis) as there:
        asked = cycle([here, there])
        with anyio.fail_after(60):
            while (refused := await ask(next(asked), "one")).status != 429:
                assert refused.status == 200
        assert {(await ask(api, "other")).status for api in (here, there)} == {200}
        assert refused.document["code"] == "too-many-requests"
        assert refused.headers["Retry-After"] == "1"
        with anyio.fail_after(30):
            while (await ask(there, "one")).status != 200:
                await anyio.sleep(0.05)


async def test_where_nobody_counts_requests_pass_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with own_redis() as redis, caplog.at_level(logging.WARNING):
        assert redis.process is not None
        async with process(RedisSettings(url=redis.url)) as api:
            redis.process.kill()
            assert {(await ask(api, "one")).status for _ in range(20)} == {200}
            said = [record.message for record in caplog.records if "not limited" in record.message]
            assert len(said) == 1
            redis.process.start()
            with anyio.fail_after(30):
                while (await ask(api, "one")).status != 429:
                    pass


async def test_without_a_limit_nobody_is_refused() -> None:
    async with listening(platform_over(memory_ports())) as api:
        assert {(await api.ask("GET", "/v1/processes")).status for _ in range(50)} == {200}
