"""A collector on a real socket."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.services.attempts import serving
from tests.integration.telemetry.collector import Collector


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    async with serving(collector.handle) as collector.url:
        yield collector
        collector.let_go.set()
