"""The contract of the limiter of rates."""

from datetime import timedelta

import anyio
import pytest

from waygrid_shell.ports.rate_limiter import Rate
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
SLOW = Rate(per_second=1 / 3600, burst=3)
AT_ONCE = timedelta(0)


async def test_a_bucket_gives_its_burst_and_then_says_how_long_to_wait(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        for _ in range(3):
            assert await ports.rate_limiter.take("key", SLOW) == AT_ONCE
    async with open_shared_ports() as ports:
        wait = await ports.rate_limiter.take("key", SLOW)
        assert timedelta(minutes=50) < wait <= timedelta(hours=1)
        assert await ports.rate_limiter.take("other", SLOW) == AT_ONCE


async def test_who_is_refused_has_taken_nothing(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        assert await ports.rate_limiter.take("key", SLOW, 2) == AT_ONCE
        assert await ports.rate_limiter.take("key", SLOW, 2) > AT_ONCE
        assert await ports.rate_limiter.take("key", SLOW) == AT_ONCE


async def test_a_bucket_fills_again(open_shared_ports: OpenPorts) -> None:
    quick = Rate(per_second=50, burst=1)
    async with open_shared_ports() as ports:
        taken = 0
        with anyio.fail_after(10):
            while taken < 5:
                wait = await ports.rate_limiter.take("key", quick)
                assert wait <= timedelta(milliseconds=20)
                taken += wait == AT_ONCE
                await anyio.sleep(wait.total_seconds())
