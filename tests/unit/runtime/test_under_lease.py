"""What one process should do at a time is done by one, and by another when that one is gone. In virtual time."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import wraps
from typing import Any

import anyio

from waygrid_shell.adapters.memory.lease_table import MemoryLeaseTable
from waygrid_shell.ports.lease_table import Lease, LeaseTable
from waygrid_shell.runtime.under_lease import under_lease
from waygrid_shell.simulation.loop import VirtualLoop, run_virtually
from waygrid_shell.simulation.servers import VirtualClock

LASTS = timedelta(seconds=30)


def virtually(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The test in virtual time: however busy the machine is, no lease runs out that is renewed."""

    @wraps(test)
    def run() -> None:
        run_virtually(test)

    return run


def new_table() -> MemoryLeaseTable:
    return MemoryLeaseTable(VirtualClock(VirtualLoop.running()))


class Chore:
    """Notes who does it."""

    def __init__(self) -> None:
        self.doers: list[str] = []
        self.done_by: list[str] = []

    async def do(self, holder: str) -> None:
        """Until canceled."""
        self.doers.append(holder)
        self.done_by.append(holder)
        try:
            await anyio.sleep_forever()
        finally:
            self.doers.remove(holder)


async def contend(table: LeaseTable, chore: Chore, holder: str, scope: anyio.CancelScope) -> None:
    async def run() -> None:
        await chore.do(holder)

    with scope:
        await under_lease(table, "sweeper", holder, run, LASTS)


async def until_done_by(chore: Chore, count: int) -> None:
    with anyio.fail_after(300):
        while len(chore.done_by) < count:
            await anyio.sleep(0.1)


@virtually
async def test_one_of_several_does_it_and_another_once_that_has_stopped() -> None:
    table, chore = new_table(), Chore()
    scopes = {name: anyio.CancelScope() for name in ("a", "b", "c")}
    async with anyio.create_task_group() as tasks:
        for name, scope in scopes.items():
            tasks.start_soon(contend, table, chore, name, scope)
        for count in (1, 2, 3):
            await until_done_by(chore, count)
            assert len(chore.doers) == 1
            scopes[chore.done_by[-1]].cancel()
    assert sorted(chore.done_by) == ["a", "b", "c"]


@virtually
async def test_whoever_works_for_longer_than_a_lease_lasts_keeps_it() -> None:
    table, chore, scope = new_table(), Chore(), anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(contend, table, chore, "a", scope)
        await until_done_by(chore, 1)
        ends_at = anyio.current_time() + 3 * LASTS.total_seconds()
        while anyio.current_time() < ends_at:
            assert await table.acquire("sweeper", "b", LASTS) is None
            await anyio.sleep(0.1)
        scope.cancel()
    assert await table.acquire("sweeper", "b", LASTS) is not None


@virtually
async def test_whoever_has_lost_it_stops() -> None:
    table, chore, scope = new_table(), Chore(), anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(contend, table, chore, "a", scope)
        await until_done_by(chore, 1)
        lease = await table.acquire("sweeper", "a", LASTS)
        assert lease is not None
        await table.release(lease)
        assert await table.acquire("sweeper", "b", timedelta(hours=1)) is not None
        with anyio.fail_after(300):
            while chore.doers:
                await anyio.sleep(0.1)
        scope.cancel()


class _Swallowing(MemoryLeaseTable):
    """Gives leases, and never answers who wants to renew one, as behind a network that swallows what is sent."""

    async def renew(self, lease: Lease, lasts: timedelta) -> bool:
        del lease, lasts
        await anyio.sleep_forever()
        raise AssertionError("it sleeps for ever")


@virtually
async def test_whoever_is_not_told_whether_it_still_has_it_stops_and_asks_anew() -> None:
    table, chore, scope = _Swallowing(VirtualClock(VirtualLoop.running())), Chore(), anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(contend, table, chore, "a", scope)
        await until_done_by(chore, 2)
        assert len(chore.doers) <= 1
        scope.cancel()
