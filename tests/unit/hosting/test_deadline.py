"""A deadline ends what takes too long, and leaves its task as it was."""

import asyncio

import pytest

from waygrid_shell.hosting.deadline import Deadline

pytestmark = pytest.mark.anyio


def cancels_left() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def test_what_takes_too_long_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(0.01):
            await asyncio.Event().wait()
    assert cancels_left() == 0


async def test_what_is_in_time_is_left_alone() -> None:
    async with Deadline(60):
        await asyncio.sleep(0)
    assert cancels_left() == 0


async def test_who_misses_the_first_call_hears_the_second() -> None:
    missed = 0

    async def miss_once() -> None:
        nonlocal missed
        async with Deadline(0.01):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                missed += 1
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await miss_once()
    assert missed == 1
    assert cancels_left() == 0


async def test_a_cancel_from_outside_is_no_timeout() -> None:
    async def wait() -> None:
        async with Deadline(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
