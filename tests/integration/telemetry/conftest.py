"""A collector on a real socket."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.integration.telemetry.collector import Collector


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    collector.url = f"http://{host}:{port}"
    yield collector
    collector.let_go.set()
    await runner.cleanup()
