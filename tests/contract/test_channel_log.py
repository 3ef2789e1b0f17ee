"""The contract of the channel log."""

from datetime import timedelta

import anyio
import pytest

from tests.contract.traversals import NOON
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.channel_log import ChannelMessage, Kept
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio


def message(number: int, *, channel: str = "orders", minutes: float = 0) -> ChannelMessage:
    return ChannelMessage(
        channel=channel,
        key=f"key-{number}",
        traversal=TraversalId(f"T{number}"),
        data={"n": 10**25, "text": "é\u0000", "number": number},
        at=NOON + timedelta(minutes=minutes, microseconds=number),
    )


async def test_what_was_appended_is_read_in_order_as_it_was(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        kept = await ports.channel_log.append([message(7), message(3)])
        kept = [*kept, *await ports.channel_log.append([message(5)])]
        assert kept == [Kept(1, message(7)), Kept(2, message(3)), Kept(3, message(5))]
    async with open_kept_ports() as ports:
        assert list(await ports.channel_log.read("orders", after=0, limit=10)) == kept
        assert list(await ports.channel_log.read("orders", after=1, limit=1)) == kept[1:2]
        assert await ports.channel_log.read("orders", after=3, limit=10) == []
        assert await ports.channel_log.last_number("orders") == 3
        assert await ports.channel_log.append([]) == []


async def test_a_key_is_one_message_of_its_channel(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.channel_log.append([message(1), message(2)])
    async with open_kept_ports() as ports:
        again = await ports.channel_log.append([message(2), message(3), message(3)])
        assert [each.number for each in again] == [2, 3, 3]
        assert [each.number for each in await ports.channel_log.read("orders", after=0, limit=10)] == [1, 2, 3]


async def test_channels_are_apart(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        kept = await ports.channel_log.append([message(1), message(1, channel="news"), message(2, channel="news")])
        assert [each.number for each in kept] == [1, 1, 2]
        assert len(await ports.channel_log.read("orders", after=0, limit=10)) == 1
        assert await ports.channel_log.last_number("news") == 2
        assert await ports.channel_log.last_number("nobody's") == 0
        assert await ports.channel_log.read("nobody's", after=0, limit=10) == []


async def test_who_watches_and_reads_after_each_ring_misses_nothing(open_kept_ports: OpenPorts) -> None:
    seen: list[int] = []
    async with open_kept_ports() as ports, anyio.create_task_group() as tasks:
        await ports.channel_log.append([message(0)])

        async def append() -> None:
            for number in range(1, 60):
                await ports.channel_log.append([message(number), message(number, channel="news")])

        async with ports.channel_log.watch("orders") as rings:
            tasks.start_soon(append)
            with anyio.fail_after(10):
                async for _ in rings:
                    page = await ports.channel_log.read("orders", after=seen[-1] if seen else 0, limit=100)
                    seen += [each.number for each in page]
                    if len(seen) == 60:
                        break
    assert seen == list(range(1, 61))


async def test_a_channel_where_nothing_happens_rings_no_more_than_once(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports, ports.channel_log.watch("orders") as rings:
        await anext(rings)
        await ports.channel_log.append([message(1, channel="news")])
        with anyio.move_on_after(0.02) as scope:
            await anext(rings)
        assert scope.cancelled_caught


async def test_every_watcher_is_woken(open_kept_ports: OpenPorts) -> None:
    async with (
        open_kept_ports() as ports,
        ports.channel_log.watch("orders") as first,
        ports.channel_log.watch("orders") as second,
    ):
        for rings in (first, second):
            await anext(rings)
        await ports.channel_log.append([message(1)])
        with anyio.fail_after(5):
            for rings in (first, second):
                await anext(rings)


async def test_old_messages_are_forgotten_and_their_numbers_never_used_again(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.channel_log.append([message(number, minutes=number) for number in range(3)])
        assert await ports.channel_log.forget(before=NOON + timedelta(minutes=5), keep=10) == 3
        assert await ports.channel_log.read("orders", after=0, limit=10) == []
    async with open_kept_ports() as ports:
        assert await ports.channel_log.last_number("orders") == 3
        (kept,) = await ports.channel_log.append([message(0)])
        assert kept.number == 4


async def test_of_each_channel_the_newest_stay(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.channel_log.append([message(number, minutes=number) for number in range(4_500)])
        await ports.channel_log.append([message(number, channel="news", minutes=number) for number in range(3)])
        assert await ports.channel_log.forget(before=NOON + timedelta(minutes=1), keep=100) == 4_401
        page = await ports.channel_log.read("orders", after=0, limit=1_000)
        assert [each.number for each in page] == list(range(4_401, 4_501))
        assert [each.number for each in await ports.channel_log.read("news", after=0, limit=10)] == [2, 3]
        assert await ports.channel_log.forget(before=NOON, keep=0) == 102
