"""Places: so many pieces of work at once, in order, each in a context of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import anyio
import pytest

from waygrid_shell.hosting.places import Places

pytestmark = pytest.mark.anyio

Do = Callable[[int], Awaitable[None]]
SEEN: ContextVar[int | None] = ContextVar("seen", default=None)


async def work_through(count: int, do: Do, pieces: int) -> None:
    """Give the pieces, and wait until all are done."""
    done = 0
    finished = anyio.Event()

    async def one(piece: int, place: "asyncio.Task[None]") -> None:
        nonlocal done
        await do(piece)
        done += 1
        if done == pieces:
            finished.set()

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            places = Places(count, one, tasks)
            for piece in range(pieces):
                places.give(piece)
            await finished.wait()
            tasks.cancel_scope.cancel()


async def test_no_more_run_at_once_than_there_are_places_and_all_of_those_are_used() -> None:
    running = most = 0

    async def do(piece: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(0)
        await anyio.sleep(0)
        running -= 1

    await work_through(7, do, 50)
    assert most == 7


async def test_work_begins_in_the_order_in_which_it_was_given() -> None:
    begun: list[int] = []

    async def do(piece: int) -> None:
        begun.append(piece)
        if piece % 3:
            await anyio.sleep(0)

    await work_through(4, do, 40)
    assert begun == list(range(40))


async def test_work_that_never_waits_is_done_at_one_place_and_holds_nobody_up_who_waits() -> None:
    tasks: set[asyncio.Task[None] | None] = set()

    async def do(piece: int) -> None:
        tasks.add(asyncio.current_task())

    await work_through(100, do, 500)
    assert len(tasks) == 1
    waiting = anyio.Event()

    async def first_waits(piece: int) -> None:
        if piece == 0:
            await waiting.wait()
        elif piece == 9:
            waiting.set()

    await work_through(2, first_waits, 10)


async def test_what_one_binds_the_next_at_the_same_place_does_not_see() -> None:
    found: list[int | None] = []

    async def do(piece: int) -> None:
        found.append(SEEN.get())
        SEEN.set(piece)
        await anyio.sleep(0)
        assert SEEN.get() == piece

    await work_through(1, do, 5)
    assert found == [None] * 5


async def test_what_work_raises_and_catches_reaches_it_where_it_waits() -> None:
    caught: list[str] = []

    async def do(piece: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, ValueError(str(piece)))
        try:
            await future
        except ValueError as error:
            caught.append(str(error))

    await work_through(3, do, 6)
    assert sorted(caught) == list("012345")


async def test_work_that_comes_in_the_turn_in_which_all_is_canceled_is_no_bug() -> None:
    async def do(piece: int, place: "asyncio.Task[None]") -> None:
        del piece, place

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            places = Places(2, do, tasks)
            places.give(1)
            await anyio.wait_all_tasks_blocked()  # the place rests
            tasks.cancel_scope.cancel()
            places.give(2)
