"""The index of timers loses none and keeps none too long, whatever happens to Redis and whoever else writes."""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from tests.servers.redis import Redis, own_redis
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_shell.adapters.memory.timer_book import MemoryTimerBook
from waygrid_shell.adapters.redis.client import RedisClient, open_redis
from waygrid_shell.adapters.redis.timer_index import IndexedTimerBook
from waygrid_shell.ports.failure import Unavailable, VersionConflict
from waygrid_shell.ports.timer_book import NOTHING_READ, Stretch, Timer
from waygrid_shell.settings.settings import RedisSettings

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HORIZON = timedelta(minutes=5)


def timer(name: str, seconds: float, partition: int = 0) -> Timer:
    return Timer(TimerId(name), TraversalId("T"), NOON + timedelta(seconds=seconds), partition)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class CountedBook(MemoryTimerBook):
    """Counts how often it is asked what is due."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        self.asked += 1
        return await super().due(now, limit, partitions)


@pytest.fixture(scope="module")
def own() -> Iterator[Redis]:
    with own_redis() as started:
        yield started


@pytest.fixture
async def client(own: Redis) -> AsyncIterator[RedisClient]:
    async with open_redis(RedisSettings(url=own.url, key_prefix=secrets.token_hex(5))) as client:
        yield client


async def test_redis_alone_is_asked_as_long_as_it_has_what_is_due_soon(client: RedisClient) -> None:
    kept = CountedBook()
    book = IndexedTimerBook(client, kept)
    await book.write(to_set=[timer("before", 1)], to_unset=[])
    assert await book.due(at(0), 10, {0}) == []
    filled = kept.asked
    await book.write(to_set=[timer(f"{number}", number) for number in range(2, 10)], to_unset=[])
    await book.write(to_set=[], to_unset=[TimerId("3")])
    for second in range(1, 10):
        due = await book.due(at(second), 10, {0})
        assert due == ([] if second == 3 else [timer("before" if second == 1 else f"{second}", second)])
        await book.write(to_set=[], to_unset=[each.id for each in due])
    assert kept.asked == filled
    assert await kept.count() == 0


async def test_timers_beyond_the_horizon_come_when_they_are_due(client: RedisClient) -> None:
    book = IndexedTimerBook(client, MemoryTimerBook())
    assert await book.due(NOON, 10, {0}) == []
    far = [timer("far", 3_600), timer("farther", 7_200)]
    await book.write(to_set=far, to_unset=[])
    assert await book.next_due({0}) == far[0].due
    assert await book.due(at(3_599), 10, {0}) == []
    assert await book.due(at(3_600), 10, {0}) == far[:1]
    assert await book.due(at(9_999), 10, {0}) == far


async def test_no_timer_is_lost_with_what_redis_held(client: RedisClient) -> None:
    book = IndexedTimerBook(client, MemoryTimerBook())
    assert await book.due(NOON, 10, {0, 1}) == []
    await book.write(to_set=[timer("a", 1), timer("b", 2, 1)], to_unset=[])
    await client.ask("FLUSHALL")
    assert await book.due(at(2), 10, {0, 1}) == [timer("a", 1), timer("b", 2, 1)]
    await client.ask("FLUSHALL")
    assert await book.next_due({0, 1}) == at(1)
    await client.ask("FLUSHALL")
    await book.write(to_set=[timer("c", 3)], to_unset=[TimerId("a")])
    assert await book.due(at(5), 10, {0, 1}) == [timer("b", 2, 1), timer("c", 3)]


@pytest.mark.parametrize("key", [0, 1])
async def test_no_timer_is_lost_where_redis_drops_a_key(client: RedisClient, key: int) -> None:
    book = IndexedTimerBook(client, MemoryTimerBook())
    assert await book.due(NOON, 10, {0}) == []
    await book.write(to_set=[timer("a", 1)], to_unset=[])
    await client.ask("DEL", client.keys.timers(0)[key])
    assert await book.due(at(1), 10, {0}) == [timer("a", 1)]


async def test_while_redis_is_away_the_book_is_asked_and_the_index_is_well_again_after() -> None:
    with own_redis() as redis:
        assert redis.process is not None
        kept = CountedBook()
        async with open_redis(RedisSettings(url=redis.url)) as client:
            book = IndexedTimerBook(client, kept)
            await book.write(to_set=[timer("a", 1)], to_unset=[])
            assert await book.due(NOON, 10, {0}) == []
            redis.process.kill()
            await book.write(to_set=[timer("b", 2)], to_unset=[])
            assert await book.next_due({0}) == at(1)
            assert await book.due(at(2), 10, {0}) == [timer("a", 1), timer("b", 2)]
            redis.process.start()
            await book.write(to_set=[timer("c", 3)], to_unset=[TimerId("b")])
            with anyio.fail_after(30):
                while await client.ask("EXISTS", *client.keys.timers(0)) != 2:
                    assert await book.due(at(3), 10, {0}) == [timer("a", 1), timer("c", 3)]
                    await anyio.sleep(0.05)
            asked = kept.asked
            assert await book.due(at(3), 10, {0}) == [timer("a", 1), timer("c", 3)]
            assert kept.asked == asked


async def test_no_timer_is_lost_where_redis_comes_back_with_what_it_held_before() -> None:
    """As after a restart from a snapshot, or where a replica has taken over that lacked the last writes."""
    with own_redis() as redis:
        assert redis.process is not None
        async with open_redis(RedisSettings(url=redis.url)) as client:
            book = IndexedTimerBook(client, MemoryTimerBook())
            await book.write(to_set=[timer("a", 1)], to_unset=[])
            assert await book.due(NOON, 10, {0}) == []
            await client.ask("SAVE")
            await book.write(to_set=[timer("b", 2)], to_unset=[TimerId("a")])
            redis.process.kill()
            redis.process.start()
            with anyio.fail_after(30):
                while await book.due(at(2), 10, {0}) != [timer("b", 2)]:
                    await anyio.sleep(0.05)


async def test_a_partition_that_goes_to_another_process_takes_its_timers_along(client: RedisClient) -> None:
    kept = MemoryTimerBook()
    here, there = IndexedTimerBook(client, kept), IndexedTimerBook(client, kept)
    await here.due(NOON, 10, {0, 1})
    await here.write(to_set=[timer("a", 1, 0), timer("b", 1, 1)], to_unset=[])
    assert await there.due(at(1), 10, {1}) == [timer("b", 1, 1)]
    assert await here.due(at(1), 10, {0}) == [timer("a", 1, 0)]
    # What the one before still writes, not knowing better, reaches the one that has it now.
    await here.write(to_set=[timer("c", 1, 1)], to_unset=[])
    assert await there.due(at(1), 10, {1}) == [timer("b", 1, 1), timer("c", 1, 1)]


async def test_what_one_unsets_that_lost_a_partition_is_not_due_for_the_one_that_has_it(client: RedisClient) -> None:
    kept = MemoryTimerBook()
    here, there = IndexedTimerBook(client, kept), IndexedTimerBook(client, kept)
    await here.write(to_set=[timer("a", 1)], to_unset=[])
    assert await here.due(at(1), 10, {0}) == [timer("a", 1)]
    assert await there.due(at(1), 10, {0}) == [timer("a", 1)]
    await here.write(to_set=[], to_unset=[TimerId("a")])
    assert await there.due(at(1), 10, {0}) == []


async def test_what_is_unset_while_the_index_is_filled_stays_unset(client: RedisClient) -> None:
    class SlowBook(MemoryTimerBook):
        def __init__(self) -> None:
            super().__init__()
            self.has_read, self.goes_on = anyio.Event(), anyio.Event()

        async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
            found = await super().due(now, limit, partitions)
            self.has_read.set()
            await self.goes_on.wait()
            return found

    kept = SlowBook()
    book = IndexedTimerBook(client, kept)
    await book.write(to_set=[timer("gone", 1), timer("moved", 1), timer("stays", 1)], to_unset=[])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(book.due, NOON, 10, {0})
        await kept.has_read.wait()
        await book.write(to_set=[timer("moved", 3), timer("new", 1)], to_unset=[TimerId("gone")])
        kept.goes_on.set()
    assert await book.due(at(2), 10, {0}) == [timer("stays", 1), timer("new", 1)]
    assert await book.due(at(3), 10, {0}) == [timer("stays", 1), timer("new", 1), timer("moved", 3)]


async def test_a_write_that_failed_in_the_book_is_not_believed_of_the_index(client: RedisClient) -> None:
    class FailingBook(MemoryTimerBook):
        fails = False

        async def write(
            self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId], read: Mapping[int, Stretch] = NOTHING_READ
        ) -> None:
            await super().write(to_set=to_set, to_unset=to_unset, read=read)
            if self.fails:
                raise Unavailable("database", "the answer was lost")

    kept = FailingBook()
    book = IndexedTimerBook(client, kept)
    await book.due(NOON, 10, {0})
    kept.fails = True
    with pytest.raises(Unavailable):
        await book.write(to_set=[timer("a", 1)], to_unset=[])
    kept.fails = False
    assert await book.due(at(1), 10, {0}) == [timer("a", 1)]


async def test_a_timer_that_was_moved_while_it_fired_stays_in_the_index(client: RedisClient) -> None:
    kept = CountedBook()
    book = IndexedTimerBook(client, kept)
    await book.write(to_set=[timer("a", 1), timer("b", 1)], to_unset=[])
    fired = await book.due(at(1), 10, {0})
    asked = kept.asked
    await book.write(to_set=[timer("a", 2)], to_unset=[])
    await book.unset(fired)
    assert await book.due(at(9), 10, {0}) == [timer("a", 2)]
    assert kept.asked == asked


async def test_what_another_has_written_down_since_comes_into_no_index(client: RedisClient) -> None:
    kept = MemoryTimerBook()
    here, there = IndexedTimerBook(client, kept), IndexedTimerBook(client, kept)
    await here.due(NOON, 10, {0})
    await there.write(to_set=[timer("a", 1)], to_unset=[], read={0: Stretch(0, 1)})
    await there.write(to_set=[], to_unset=[TimerId("a")], read={0: Stretch(1, 2)})
    with pytest.raises(VersionConflict):
        await here.write(to_set=[timer("a", 1)], to_unset=[], read={0: Stretch(0, 1)})
    assert await here.read_up_to({0}) == {0: 2}
    assert await here.due(at(9), 10, {0}) == []
    assert await there.due(at(9), 10, {0}) == []


async def test_more_timers_than_the_index_is_filled_with_are_all_due(client: RedisClient) -> None:
    kept = MemoryTimerBook()
    await kept.write(to_set=[timer(f"{number:05}", number / 1_000) for number in range(45_000)], to_unset=[])
    book = IndexedTimerBook(client, kept)
    fired: list[TimerId] = []
    with anyio.fail_after(120):
        while due := await book.due(at(60), 3_000, {0}):
            fired += [each.id for each in due]
            await book.write(to_set=[], to_unset=[each.id for each in due])
    assert fired == [TimerId(f"{number:05}") for number in range(45_000)]
