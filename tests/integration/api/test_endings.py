"""Who waits for an end is told of it, by the feed or by the journal."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG
from tests.integration.plant.running import run_one
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.memory.journal import MemoryJournal
from waygrid_shell.adapters.memory.live_feed import MemoryLiveFeed
from waygrid_shell.api.endings import Endings
from waygrid_shell.ports.live_feed import Sighting
from waygrid_shell.runtime.wiring import memory_ports

pytestmark = pytest.mark.anyio

TRAVERSAL = TraversalId("01ARZ3NDEKTSV4RRFFQ69G5FAV")


def sighting(status: Any) -> Sighting:
    return Sighting(traversal=TRAVERSAL, root=TRAVERSAL, status=status, version=1)


@asynccontextmanager
async def running(endings: Endings) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(endings.run)
        await anyio.wait_all_tasks_blocked()
        yield
        tasks.cancel_scope.cancel()


async def told(endings: Endings, sightings: Sequence[Sighting], seconds: float) -> list[bool]:
    """What each of three who wait for it is answered, when the feed tells that."""
    answers: list[bool] = []

    async def wait() -> None:
        answers.append(await endings.wait_for(TRAVERSAL, seconds))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        endings.live_feed.tell(sightings)
    return answers


@pytest.mark.parametrize("status", ["Completed", "Failed", "Canceled", "TimedOut"])
async def test_the_feed_is_enough(status: str) -> None:
    endings = Endings(MemoryLiveFeed(), MemoryJournal())
    async with running(endings):
        assert await told(endings, [sighting("Running"), sighting(status)], LONG) == [True] * 3
        assert await endings.wait_for(TRAVERSAL, LONG), "one that has ended before is known"


async def test_what_goes_on_is_waited_for_in_vain() -> None:
    endings = Endings(MemoryLiveFeed(), MemoryJournal())
    async with running(endings):
        assert await told(endings, [sighting("Running"), sighting("Paused")], 0.05) == [False] * 3


async def test_the_journal_is_enough() -> None:
    ports = memory_ports()
    ended = await run_one(ports, {"entryPoints": [{"type": "pass"}]})
    endings = Endings(MemoryLiveFeed(), ports.journal)  # a feed that tells nothing
    async with running(endings):
        assert await endings.wait_for(ended.traversal, LONG)


async def test_after_the_close_nobody_waits() -> None:
    endings = Endings(MemoryLiveFeed(), MemoryJournal())
    async with running(endings), anyio.create_task_group() as tasks:
        tasks.start_soon(endings.wait_for, TRAVERSAL, LONG)
        await anyio.wait_all_tasks_blocked()
        endings.close()
        assert not await endings.wait_for(TRAVERSAL, LONG)
