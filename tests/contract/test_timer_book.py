"""The contract of the timer book."""

from datetime import UTC, datetime, timedelta

import pytest

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_shell.ports.timer_book import Timer
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def timer(name: str, seconds: float) -> Timer:
    return Timer(TimerId(name), TraversalId("T"), NOON + timedelta(seconds=seconds))


async def test_timers_are_due_at_their_instant_and_not_before(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("late", 2), timer("soon", 1)], to_unset=[])
        assert await book.due(NOON + timedelta(microseconds=999_999), 10, {0}) == []
        assert await book.due(NOON + timedelta(seconds=1), 10, {0}) == [timer("soon", 1)]
        assert await book.next_due({0}) == NOON + timedelta(seconds=1)


async def test_due_timers_come_earliest_first_then_in_order_of_setting(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("b", 1), timer("a", 1), timer("z", 0)], to_unset=[])
        await book.write(to_set=[timer("0", 1)], to_unset=[])
        assert [each.id for each in await book.due(NOON + timedelta(seconds=5), 10, {0})] == ["z", "b", "a", "0"]
        assert [each.id for each in await book.due(NOON + timedelta(seconds=5), 2, {0})] == ["z", "b"]


async def test_a_due_timer_stays_until_it_is_unset(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.timer_book.write(to_set=[timer("a", 0), timer("b", 1)], to_unset=[])
        assert len(await ports.timer_book.due(NOON, 10, {0})) == 1
    async with open_kept_ports() as ports:
        assert await ports.timer_book.due(NOON, 10, {0}) == [timer("a", 0)]
        await ports.timer_book.write(to_set=[], to_unset=[TimerId("a"), TimerId("unknown")])
    async with open_kept_ports() as ports:
        assert await ports.timer_book.due(NOON, 10, {0}) == []
        assert await ports.timer_book.count() == 1


async def test_setting_again_moves_a_timer(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("a", 1)], to_unset=[])
        await book.write(to_set=[timer("a", 3)], to_unset=[])
        assert await book.due(NOON + timedelta(seconds=2), 10, {0}) == []
        assert await book.next_due({0}) == NOON + timedelta(seconds=3)
        assert await book.count() == 1


async def test_an_empty_book_has_no_next(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        assert await ports.timer_book.next_due({0}) is None
        await ports.timer_book.write(to_set=[timer("a", 1)], to_unset=[])
        await ports.timer_book.write(to_set=[], to_unset=[TimerId("a")])
        assert await ports.timer_book.next_due({0}) is None
        assert await ports.timer_book.count() == 0
