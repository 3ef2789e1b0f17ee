"""The contract of presence."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from attrs import evolve

from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
LONG = timedelta(minutes=5)
ONE = ProcessInfo(
    id="one",
    host="höst",
    pid=17,
    version="1.2.3",
    started_at=datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC),
    services=("waystation", "worker"),
    addresses=("waygrid://processor/http",),
    ailments={"scheduler": "the database is unavailable"},
)
TWO = evolve(ONE, id="two", pid=18, services=("api",), addresses=(), ailments={})


async def test_processes_that_announce_themselves_are_shown_in_order(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        assert await ports.presence.present() == []
        await ports.presence.announce(TWO, LONG)
        await ports.presence.announce(ONE, LONG)
    async with open_shared_ports() as ports:
        assert await ports.presence.present() == [ONE, TWO]


async def test_a_process_is_shown_as_it_was_announced_last(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        await ports.presence.announce(ONE, LONG)
        await ports.presence.announce(evolve(ONE, ailments={}), LONG)
        assert await ports.presence.present() == [evolve(ONE, ailments={})]


async def test_a_process_that_says_nothing_more_is_shown_no_more(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        await ports.presence.announce(TWO, LONG)
        await ports.presence.announce(ONE, timedelta(milliseconds=50))
        with anyio.fail_after(10):
            while await ports.presence.present() != [TWO]:
                await anyio.sleep(0.01)


async def test_a_process_that_withdraws_is_gone_at_once(open_shared_ports: OpenPorts) -> None:
    async with open_shared_ports() as ports:
        await ports.presence.announce(ONE, LONG)
        await ports.presence.announce(TWO, LONG)
        await ports.presence.withdraw("one")
        await ports.presence.withdraw("unknown")
        assert await ports.presence.present() == [TWO]
