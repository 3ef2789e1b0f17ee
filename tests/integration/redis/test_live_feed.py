"""Who watches at one process sees what another decides, whatever happens to Redis in between."""

import secrets
from collections.abc import AsyncIterator, Sequence

import anyio
import pytest
import redis as plain_redis
from attrs import evolve

from tests.integration.api.serving import LONG, listening, platform_over
from tests.servers.cluster import ClusterServers
from tests.servers.redis import own_redis
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.client.asynchronous import WaygridClient
from waygrid_shell.ports.live_feed import LiveFeed, Progress, Told
from waygrid_shell.processors.function import App
from waygrid_shell.resources.live import Change
from waygrid_shell.resources.traversal import TraversalView
from waygrid_shell.runtime.cluster_wiring import redis_ports
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import RedisSettings, Settings

pytestmark = pytest.mark.anyio
T = TraversalId("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def progress(number: int) -> Progress:
    return Progress(traversal=T, root=T, node=NodeId("0" * 16), attempt=1, data=number)


async def test_a_client_at_one_process_watches_what_another_does(servers: ClusterServers) -> None:
    settings = Settings(redis=RedisSettings(url=servers.redis.url, key_prefix=secrets.token_hex(5)))
    app, may_go_on = App(), anyio.Event()

    @app.processor("count")
    async def count(value: object) -> object:
        await may_go_on.wait()
        return value

    async with redis_ports(settings) as here, redis_ports(settings) as there:
        ports = memory_ports()
        working = evolve(ports, live_feed=here.live_feed)
        watched = platform_over(evolve(ports, live_feed=there.live_feed))
        async with embedded_plant(working, app.served), listening(watched) as api, anyio.create_task_group() as tasks:
            tasks.start_soon(watched.acceptance.run)
            async with WaygridClient(api.url) as client:
                spec = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/count"}]}
                accepted = await client.submit(spec)
                told = []
                with anyio.fail_after(LONG):
                    async for each in client.watch(accepted.id):
                        told.append(each)
                        may_go_on.set()
            tasks.cancel_scope.cancel()
    assert any(isinstance(each, Change) for each in told)
    assert isinstance(told[-1], TraversalView)
    assert told[-1].status == "completed"


async def test_where_nobody_watches_nothing_that_is_told_is_sent() -> None:
    """Only the question whether somebody does, some times a second: messages of no bytes."""
    with own_redis() as own, plain_redis.Redis.from_url(own.url) as client:
        async with redis_ports(Settings(redis=RedisSettings(url=own.url))) as quick:
            client.config_resetstat()
            for number in range(200):
                quick.live_feed.tell([progress(number)] * 100)
                await anyio.sleep(0)
            await published(client, 1)
            said = client.info("stats")["total_net_input_bytes"]
            assert said < 20_000  # of 20 000 things told, of some 80 bytes each


async def published(client: plain_redis.Redis, least: int) -> None:
    with anyio.fail_after(LONG):
        while client.info("commandstats").get("cmdstat_spublish", {"calls": 0})["calls"] < least:
            await anyio.sleep(0.05)


async def test_the_feed_is_well_again_once_redis_is() -> None:
    with own_redis() as own:
        assert own.process is not None
        settings = Settings(redis=RedisSettings(url=own.url))
        async with (
            redis_ports(settings) as here,
            redis_ports(settings) as there,
            there.live_feed.watch() as told,
        ):
            await until_heard(told, here.live_feed, 1)
            own.process.kill()
            for _ in range(30_000):  # more than the queue holds
                here.live_feed.tell([progress(2)])
            own.process.start()
            await until_heard(told, here.live_feed, 3)


async def until_heard(told: AsyncIterator[Sequence[Told]], feed: LiveFeed, number: int) -> None:
    """Tell it over and over until it is heard."""
    async with anyio.create_task_group() as tasks:

        async def tell() -> None:
            while True:
                feed.tell([progress(number)])
                await anyio.sleep(0.05)

        tasks.start_soon(tell)
        with anyio.fail_after(LONG):
            while progress(number) not in await anext(told):
                pass
        tasks.cancel_scope.cancel()
