"""The contract of the timer book."""

from datetime import UTC, datetime, timedelta

import pytest

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.timer_book import Stretch, Timer
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def timer(name: str, seconds: float, partition: int = 0) -> Timer:
    return Timer(TimerId(name), TraversalId("T"), NOON + timedelta(seconds=seconds), partition)


async def test_timers_are_due_at_their_instant_and_not_before(open_timer_ports: OpenPorts) -> None:
    async with open_timer_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("late", 2), timer("soon", 1)], to_unset=[])
        assert await book.due(NOON + timedelta(microseconds=999_999), 10, {0}) == []
        assert await book.due(NOON + timedelta(seconds=1), 10, {0}) == [timer("soon", 1)]
        assert await book.next_due({0}) == NOON + timedelta(seconds=1)


async def test_due_timers_come_earliest_first_then_in_order_of_setting(open_timer_ports: OpenPorts) -> None:
    async with open_timer_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("b", 1), timer("a", 1), timer("z", 0)], to_unset=[])
        await book.write(to_set=[timer("0", 1)], to_unset=[])
        assert [each.id for each in await book.due(NOON + timedelta(seconds=5), 10, {0})] == ["z", "b", "a", "0"]
        assert [each.id for each in await book.due(NOON + timedelta(seconds=5), 2, {0})] == ["z", "b"]


async def test_a_due_timer_stays_until_it_is_unset(open_timer_ports: OpenPorts) -> None:
    async with open_timer_ports() as ports:
        await ports.timer_book.write(to_set=[timer("a", 0), timer("b", 1)], to_unset=[])
        assert len(await ports.timer_book.due(NOON, 10, {0})) == 1
    async with open_timer_ports() as ports:
        assert await ports.timer_book.due(NOON, 10, {0}) == [timer("a", 0)]
        await ports.timer_book.write(to_set=[], to_unset=[TimerId("a"), TimerId("unknown")])
    async with open_timer_ports() as ports:
        assert await ports.timer_book.due(NOON, 10, {0}) == []
        assert await ports.timer_book.count() == 1


async def test_setting_again_moves_a_timer(open_timer_ports: OpenPorts) -> None:
    async with open_timer_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("a", 1)], to_unset=[])
        await book.write(to_set=[timer("a", 3)], to_unset=[])
        assert await book.due(NOON + timedelta(seconds=2), 10, {0}) == []
        assert await book.next_due({0}) == NOON + timedelta(seconds=3)
        assert await book.count() == 1


async def test_an_empty_book_has_no_next(open_timer_ports: OpenPorts) -> None:
    async with open_timer_ports() as ports:
        assert await ports.timer_book.next_due({0}) is None
        await ports.timer_book.write(to_set=[timer("a", 1)], to_unset=[])
        await ports.timer_book.write(to_set=[], to_unset=[TimerId("a")])
        assert await ports.timer_book.next_due({0}) is None
        assert await ports.timer_book.count() == 0


async def test_only_timers_of_the_partitions_that_are_asked_for_are_due(
    open_timer_ports_of_a_cluster: OpenPorts,
) -> None:
    timers = [timer("a", 1, 0), timer("b", 2, 1), timer("c", 3, 2), timer("d", 4, 1)]
    async with open_timer_ports_of_a_cluster() as ports:
        book = ports.timer_book
        await book.write(to_set=timers, to_unset=[])
        later = NOON + timedelta(seconds=9)
        assert await book.due(later, 10, {1}) == [timers[1], timers[3]]
        assert await book.due(later, 10, {0, 2}) == [timers[0], timers[2]]
        assert await book.due(later, 3, {0, 1, 2}) == timers[:3]
        assert await book.due(later, 10, {7}) == []
        assert await book.due(later, 10, frozenset()) == []
        assert await book.next_due({1, 2}) == timers[1].due
        assert await book.next_due({7}) is None
        assert await book.next_due(frozenset()) is None


async def test_a_timer_that_is_set_again_moves_to_its_new_partition(open_timer_ports_of_a_cluster: OpenPorts) -> None:
    async with open_timer_ports_of_a_cluster() as ports:
        book = ports.timer_book
        assert await book.due(NOON, 10, {0, 1}) == []
        await book.write(to_set=[timer("a", 1, 0)], to_unset=[])
        await book.write(to_set=[timer("a", 2, 1)], to_unset=[])
        later = NOON + timedelta(seconds=9)
        assert await book.due(later, 10, {0, 1}) == [timer("a", 2, 1)]
        assert await book.due(later, 10, {0}) == []


async def test_a_timer_that_has_fired_is_unset_unless_it_was_moved_meanwhile(open_timer_ports: OpenPorts) -> None:
    async with open_timer_ports() as ports:
        book = ports.timer_book
        await book.write(to_set=[timer("a", 1), timer("b", 1), timer("c", 2)], to_unset=[])
        fired = await book.due(NOON + timedelta(seconds=1), 10, {0})
        assert fired == [timer("a", 1), timer("b", 1)]
        await book.write(to_set=[timer("b", 3)], to_unset=[])
        await book.unset([*fired, timer("unknown", 1)])
        assert await book.due(NOON + timedelta(seconds=9), 10, {0}) == [timer("c", 2), timer("b", 3)]
        assert await book.count() == 2
        await book.unset([])
        assert await book.count() == 2


async def test_requests_of_a_partition_are_written_down_once_whoever_comes_with_them(
    open_timer_ports_of_a_cluster: OpenPorts,
) -> None:
    async with open_timer_ports_of_a_cluster() as ports:
        book = ports.timer_book
        assert await book.read_up_to({0, 1}) == {0: 0, 1: 0}
        assert await book.due(NOON, 10, {0, 1}) == []
        await book.write(
            to_set=[timer("a", 1), timer("b", 1, 1)], to_unset=[], read={0: Stretch(0, 3), 1: Stretch(0, 5)}
        )
        await book.write(to_set=[], to_unset=[TimerId("a")], read={0: Stretch(3, 4)})
    async with open_timer_ports_of_a_cluster() as ports:
        book = ports.timer_book
        assert await book.read_up_to({0, 1, 2}) == {0: 4, 1: 5, 2: 0}
        # Somebody who holds the first batch still, and the first of another partition with it: all of it, or nothing.
        stale = {0: Stretch(0, 3), 2: Stretch(0, 1)}
        with pytest.raises(VersionConflict, match="partition 0 of the timers"):
            await book.write(to_set=[timer("a", 1), timer("d", 1, 2)], to_unset=[TimerId("b")], read=stale)
        assert await book.due(NOON + timedelta(seconds=1), 10, {0, 1, 2}) == [timer("b", 1, 1)]
        assert await book.read_up_to({0, 1, 2}) == {0: 4, 1: 5, 2: 0}


async def test_a_partition_that_was_made_anew_is_written_down_from_its_beginning(
    open_timer_ports_of_a_cluster: OpenPorts,
) -> None:
    async with open_timer_ports_of_a_cluster() as ports:
        book = ports.timer_book
        await book.write(to_set=[], to_unset=[], read={0: Stretch(0, 70)})
        await book.write(to_set=[timer("a", 1)], to_unset=[], read={0: Stretch(70, 2)})
        assert await book.read_up_to({0}) == {0: 2}
        assert await book.are_set([TimerId("a")]) == {TimerId("a")}


async def test_timers_of_partitions_that_are_no_more_can_be_given_to_another(
    open_timer_ports_of_a_cluster: OpenPorts,
) -> None:
    timers = [timer("a", 1, 0), timer("b", 2, 1), timer("c", 3, 2), timer("d", 1, 7)]
    later = NOON + timedelta(seconds=9)
    async with open_timer_ports_of_a_cluster() as ports:
        book = ports.timer_book
        await book.write(to_set=timers, to_unset=[])
        assert await book.due(later, 10, {0, 1}) == timers[:2]
        assert await book.move_strays({0, 1}, 0) == 2
        assert await book.due(later, 10, {0, 1}) == [timer("a", 1), timer("d", 1), timer("b", 2, 1), timer("c", 3)]
        assert await book.move_strays({0, 1}, 0) == 0
        await book.write(to_set=[], to_unset=[TimerId("c")])
        await book.unset([timer("d", 1)])
        assert await book.due(later, 10, {0, 1}) == timers[:2]
