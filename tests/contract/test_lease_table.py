"""The contract of the table of leases."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

import anyio
import pytest

from waygrid_shell.ports.lease_table import Lease
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
Acquire: TypeAlias = Callable[[str, str, timedelta], Awaitable[Lease | None]]
LONG = timedelta(minutes=5)
SHORT = timedelta(milliseconds=50)


async def test_a_lease_has_one_holder_until_it_is_given_back(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        table = ports.lease_table
        first = await table.acquire("sweeper", "a", LONG)
        assert first is not None
        assert (first.name, first.holder) == ("sweeper", "a")
        assert await table.acquire("sweeper", "b", LONG) is None
        assert await table.acquire("retention", "b", LONG) is not None
    async with open_shared_ports() as ports:
        assert await ports.lease_table.acquire("sweeper", "b", LONG) is None
        await ports.lease_table.release(first)
        second = await ports.lease_table.acquire("sweeper", "b", LONG)
        assert second is not None
        assert second.number > first.number


async def test_its_holder_gets_it_again_and_it_is_the_same(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        first = await ports.lease_table.acquire("sweeper", "a", LONG)
        assert first is not None
        assert await ports.lease_table.acquire("sweeper", "a", LONG) == first


async def test_a_lease_that_has_run_out_goes_to_who_asks_with_a_higher_number(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        table = ports.lease_table
        first = await table.acquire("sweeper", "a", SHORT)
        assert first is not None
        second = await acquired(ports.lease_table.acquire, "b")
        assert second.number > first.number
        assert not await table.renew(first, LONG)
        await table.release(first)
        assert await table.acquire("sweeper", "c", LONG) is None
        assert await table.renew(second, LONG)


async def test_a_lease_that_is_renewed_lasts(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        lease = await ports.lease_table.acquire("sweeper", "a", LONG)
        assert lease is not None
        assert await ports.lease_table.renew(lease, SHORT)
        assert (await acquired(ports.lease_table.acquire, "b")).number > lease.number
        assert not await ports.lease_table.renew(lease, LONG)


async def test_nobody_renews_what_is_not_theirs(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        assert not await ports.lease_table.renew(Lease("sweeper", "a", 1), LONG)
        lease = await ports.lease_table.acquire("sweeper", "a", LONG)
        assert lease is not None
        for other in (Lease("sweeper", "b", lease.number), Lease("sweeper", "a", lease.number - 1)):
            assert not await ports.lease_table.renew(other, LONG)
            await ports.lease_table.release(other)
        assert await ports.lease_table.acquire("sweeper", "b", LONG) is None


async def acquired(acquire: Acquire, holder: str) -> Lease:
    with anyio.fail_after(10):
        while True:
            lease = await acquire("sweeper", holder, LONG)
            if lease is not None:
                return lease
            await anyio.sleep(0.01)
