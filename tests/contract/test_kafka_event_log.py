"""What the event log in Kafka promises beyond the contract: large values, others' records, readers that were stuck."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from attrs import evolve

from tests.contract.event_logs import OpenLog, on_kafka
from tests.servers.cluster import ClusterServers
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.outcome import Failure
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.kafka import dead_letters
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.event_log import LARGE_BYTES, open_event_log
from waygrid_shell.adapters.kafka.group_reader import HELD
from waygrid_shell.adapters.kafka.partitioner import partition_of
from waygrid_shell.adapters.kafka.scout import Sight
from waygrid_shell.adapters.kafka.topics import admin_of
from waygrid_shell.adapters.memory.blob_store import MemoryBlobStore
from waygrid_shell.adapters.memory.dead_letter_book import MemoryDeadLetterBook
from waygrid_shell.hosting.handler import MOST_AT_ONCE
from waygrid_shell.hosting.post import open_record
from waygrid_shell.ports.dead_letter_book import FoundLetter
from waygrid_shell.ports.event_log import Delivery, Subscription
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import KafkaSettings

pytestmark = pytest.mark.anyio
TOPIC = "processor.a"


@pytest.fixture
def log(servers: ClusterServers) -> Iterator[OpenLog]:
    with on_kafka(servers.kafka.bootstrap) as opened:
        yield opened


@pytest.fixture
def settings(log: OpenLog) -> KafkaSettings:
    assert log.kafka is not None
    return log.kafka


def record(number: int, *, key: str = "k", size: int = 0) -> TransportEnvelope:
    value = b"%d" % number
    return TransportEnvelope(topic=TOPIC, key=key, headers={"ce_id": f"id-{number}"}, value=value.ljust(size, b"."))


def for_topic(given: TransportEnvelope, topic: str) -> TransportEnvelope:
    return TransportEnvelope(topic=topic, key=given.key, headers=given.headers, value=given.value)


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    with anyio.fail_after(60):
        while len(taken) < count:
            taken += await subscription.take(1_000)
    return taken


@asynccontextmanager
async def producer(settings: KafkaSettings) -> AsyncIterator[Any]:
    """Somebody else who writes to our topics."""
    foreign = AIOKafkaProducer(bootstrap_servers=settings.servers[0], acks="all")
    await foreign.start()
    try:
        yield foreign
    finally:
        await foreign.stop()


async def raw_records(settings: KafkaSettings, topic: str, count: int) -> list[Any]:
    """The records of a topic as Kafka has them."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=settings.servers[0], auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def test_topics_and_groups_have_the_prefix_and_records_do_not(log: OpenLog, settings: KafkaSettings) -> None:
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish([record(1)])
        (delivery,) = await take(subscription, 1)
        assert delivery.record.topic == TOPIC
        await subscription.acknowledge([delivery])
        async with admin_of(Brokers(settings)) as admin:
            topics = await admin.list_topics()
            groups = [group for group, _ in await admin.list_consumer_groups()]
        assert {f"{settings.topic_prefix}.{TOPIC}", f"{settings.topic_prefix}.{TOPIC}.dead-letter"} <= set(topics)
        assert f"{settings.topic_prefix}.waygrid.{TOPIC}" in groups


async def test_large_values_travel_elsewhere_and_come_whole_in_their_place(
    log: OpenLog, settings: KafkaSettings
) -> None:
    sizes = [10, LARGE_BYTES, LARGE_BYTES + 1, 10, 3 * 1024 * 1024]
    records = [record(number, size=size) for number, size in enumerate(sizes)]
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish(records)
        assert [each.record for each in await take(subscription, 5)] == records
        await ports.event_log.publish([dead_letter(records[4], "why")])
        (letter,) = await ports.event_log.dead_letters()
        assert (letter.record, letter.reason) == (records[4], "why")
        await ports.event_log.redrive([letter.position])
        (again,) = await take(subscription, 1)
        assert again.record == records[4]
        assert again.may_be_repeated
    written = await raw_records(settings, f"{settings.topic_prefix}.{TOPIC}", 6)
    assert sum(len(raw.value) for raw in written) < 2 * LARGE_BYTES


async def test_a_value_that_is_kept_no_longer_leaves_a_record_that_can_be_buried(settings: KafkaSettings) -> None:
    blobs = MemoryBlobStore()
    opened = open_event_log(settings, dead_letter_book=MemoryDeadLetterBook(), blob_store=blobs, clock=HostClock())
    async with opened as event_log, event_log.subscribe([TOPIC]) as subscription:
        await event_log.publish([record(1, size=LARGE_BYTES + 1), record(2)])
        blobs.__init__()  # type: ignore[misc]  # everything in it is forgotten
        first, second = await take(subscription, 2)
        assert first.record.id == "id-1"
        assert first.record.value == b""
        assert isinstance(open_record(first.record), Failure)
        assert second.record == record(2)


async def test_more_than_a_batch_may_hold_is_published_at_once(log: OpenLog) -> None:
    records = [record(number, size=200_000) for number in range(40)]
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish(records)
        assert [each.record for each in await take(subscription, 40)] == records


async def test_a_topic_that_takes_little_gets_small_batches_and_the_rest_elsewhere(
    log: OpenLog, settings: KafkaSettings
) -> None:
    async with admin_of(Brokers(settings)) as admin:
        name = f"{settings.topic_prefix}.{TOPIC}"
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"max.message.bytes": "20000"})])
    records = [record(number, size=100_000 if number == 50 else 5_000) for number in range(100)]
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish(records)
        assert [each.record for each in await take(subscription, 100)] == records


async def test_after_the_brokers_have_refused_a_batch_the_next_ones_are_taken(
    log: OpenLog, settings: KafkaSettings
) -> None:
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish([record(0)])
        async with admin_of(Brokers(settings)) as admin:
            name = f"{settings.topic_prefix}.{TOPIC}"
            configs = {"max.message.bytes": "20000"}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
        published = [0]

        async def publish_until_refused() -> None:
            while True:  # the brokers take it to heart a moment later
                numbers = range(published[-1] + 1, published[-1] + 31)
                await ports.event_log.publish([record(number, size=3_000) for number in numbers])
                published.extend(numbers)

        with anyio.fail_after(60), pytest.raises(Unavailable, match="too large for its topic"):
            await publish_until_refused()
        again = range(published[-1] + 1, published[-1] + 31)
        await ports.event_log.publish([record(number, size=3_000) for number in again])
        taken = await take(subscription, len(published) + 30)
        assert [each.record.id for each in taken] == [f"id-{number}" for number in (*published, *again)]


async def test_what_others_write_to_our_topics_can_be_buried_and_stops_nobody(
    log: OpenLog, settings: KafkaSettings
) -> None:
    name = f"{settings.topic_prefix}.{TOPIC}"
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        async with producer(settings) as foreign:
            odd = [("odd", b"\xff\xfe"), ("odd", b"last"), ("empty", b""), ("none", None), ("bad", b"\xff")]
            await foreign.send_and_wait(name, key=None, value=b"no key, no headers", partition=0)
            await foreign.send_and_wait(name, key=b"\xff", value=None, partition=0)
            await foreign.send_and_wait(name, key=b"k", value=b"\xff\x00", headers=odd, partition=0)
        taken = await take(subscription, 3)
        assert [each.record.key for each in taken] == ["", "\\xff", "k"]
        assert [each.record.value for each in taken] == [b"no key, no headers", b"", b"\xff\x00"]
        assert taken[2].record.headers == {"odd": "last", "empty": "", "none": "", "bad": "\\xff"}
        assert all(isinstance(open_record(each.record), Failure) for each in taken)
        await ports.event_log.publish([dead_letter(each.record, "foreign") for each in taken])
        await subscription.acknowledge(taken)
        letters = await ports.event_log.dead_letters()
        assert [letter.record for letter in letters] == [each.record for each in taken]
        assert await ports.event_log.backlog() == {f"{TOPIC}.dead-letter": 3}


def test_all_attempts_that_may_run_at_once_can_be_taken() -> None:
    assert HELD // 2 >= MOST_AT_ONCE


async def test_a_reader_holds_no_more_than_it_may_and_goes_on_when_some_is_finished(log: OpenLog) -> None:
    records = [record(number, key=str(number % 7)) for number in range(2 * HELD)]
    async with log.open() as ports, ports.event_log.subscribe([TOPIC]) as subscription:
        await ports.event_log.publish(records)
        taken = await take(subscription, HELD)
        with anyio.move_on_after(1) as scope:
            while True:
                taken += await subscription.take(1_000)
        assert scope.cancelled_caught
        fetched_at_once = 3 * 1024 * 1024 // 60  # of three partitions a MiB each, in records of this size
        assert len(taken) < HELD + fetched_at_once
        while len(taken) < len(records):
            await subscription.acknowledge(taken)
            taken += await subscription.take(1_000)
        assert [each.record.id for each in taken if each.record.key == "3"] == [
            each.id for each in records if each.key == "3"
        ]


async def test_calls_keep_their_order_whatever_one_has_to_wait_for(log: OpenLog) -> None:
    """For a topic that is to be made, for a large value that is to be put elsewhere."""
    records = [record(number, size=LARGE_BYTES + 1 if number % 5 == 0 else 0) for number in range(40)]
    async with log.open() as ports:
        async with anyio.create_task_group() as tasks:
            for each in records:
                tasks.start_soon(ports.event_log.publish, [each])
        async with ports.event_log.subscribe([TOPIC]) as subscription:
            assert [each.record.id for each in await take(subscription, 40)] == [each.id for each in records]


class _WhileItIsPut(MemoryBlobStore):
    """Does something the first time that a value is put into it."""

    def __init__(self, do: Callable[[], object]) -> None:
        super().__init__()
        self._do: Callable[[], object] | None = do

    async def put(self, values: Sequence[bytes], now: datetime) -> Sequence[str]:
        do, self._do = self._do, None
        if do is not None:
            do()
        return await super().put(values, now)


async def test_a_large_value_is_written_although_the_brokers_are_lost_while_it_is_put_elsewhere(
    settings: KafkaSettings,
) -> None:
    lose: list[Callable[[], object]] = []
    blobs = _WhileItIsPut(lambda: lose[0]())
    opened = open_event_log(settings, dead_letter_book=MemoryDeadLetterBook(), blob_store=blobs, clock=HostClock())
    async with opened as event_log, event_log.subscribe([TOPIC]) as subscription:
        lose.append(lambda: event_log._publisher._replace(Unavailable("event log", "it is gone")))
        large = record(1, size=LARGE_BYTES + 1)
        await event_log.publish([large, record(2)])
        assert [each.record for each in await take(subscription, 2)] == [large, record(2)]


async def test_no_dead_letter_is_lost_where_the_clocks_of_those_who_write_them_differ(
    log: OpenLog, settings: KafkaSettings
) -> None:
    name = f"{settings.topic_prefix}.{TOPIC}.dead-letter"
    numbers = range(1_200)
    async with log.open() as ports:
        await ports.event_log.prepare([TOPIC])
        async with producer(settings) as foreign:
            for number in numbers:
                letter = dead_letter(record(number), "why")
                headers = [(header, text.encode()) for header, text in letter.headers.items()]
                at = 1_700_000_000_000 + (number % 2) * 60_000 + number  # every other one's clock is a minute ahead
                await foreign.send(name, key=b"k", value=letter.value, headers=headers, timestamp_ms=at, partition=0)
        letters = await ports.event_log.dead_letters(limit=2_000)
        assert [letter.record.id for letter in letters] == [f"id-{number}" for number in numbers]


async def test_dead_letters_enter_the_book_a_part_at_a_time_in_their_order(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bug that this noticed: all of them were read before the first one was entered."""
    read_at_first: list[int] = []
    has_read = 0

    class WatchedBook(MemoryDeadLetterBook):
        async def enter(self, letters: Sequence[FoundLetter]) -> None:
            read_at_first.append(has_read)
            await super().enter(letters)

    read = Sight.read

    async def watched(sight: Sight, *places: Any) -> AsyncIterator[Any]:
        nonlocal has_read
        async for records in read(sight, *places):
            has_read += len(records)
            yield records

    monkeypatch.setattr(Sight, "read", watched)
    monkeypatch.setattr(dead_letters, "_READ_AT_ONCE", 100)
    others = [for_topic(record(number), "processor.b") for number in range(700)]
    both = [each for number in range(700) for each in (record(number), others[number])]
    book = WatchedBook()
    async with open_event_log(
        settings, dead_letter_book=book, blob_store=MemoryBlobStore(), clock=HostClock()
    ) as event_log:
        for start in range(0, len(both), 50):
            await event_log.publish([dead_letter(each, "why") for each in both[start : start + 50]])
        letters = await event_log.dead_letters(limit=2_000)
    for topic in (TOPIC, "processor.b"):
        found = [letter.record.id for letter in letters if letter.record.topic == topic]
        assert found == [f"id-{number}" for number in range(700)]
    assert read_at_first[0] <= 200
    assert await book.progress() == {(TOPIC, 0): 700, ("processor.b", 0): 700}


async def test_who_may_not_make_topics_is_told_what_to_do(settings: KafkaSettings) -> None:
    blobs, book = MemoryBlobStore(), MemoryDeadLetterBook()
    modest = evolve(settings, create_topics=False)
    async with open_event_log(modest, dead_letter_book=book, blob_store=blobs, clock=HostClock()) as event_log:
        for attempt in (event_log.publish([record(1)]), event_log.prepare([TOPIC])):
            with pytest.raises(Unavailable, match=r"there is no topic .*processor\.a; make it: waygrid topics create"):
                await attempt


async def test_a_reader_that_was_stuck_past_its_session_finishes_nothing_that_others_have_by_then(
    log: OpenLog, settings: KafkaSettings
) -> None:
    """It is a thread whose event loop stands still, as that of a process does which is stopped and goes on later.

    Three seconds without a word, and its partitions are another's, who may take longer: the machine may be busy.
    """
    impatient = evolve(settings, session_timeout=timedelta(seconds=3))
    has_taken, is_free, has_ended = threading.Event(), threading.Event(), threading.Event()
    stale: list[Delivery] = []
    news: list[str] = []

    async def stuck() -> None:
        async with (
            open_event_log(
                impatient, dead_letter_book=MemoryDeadLetterBook(), blob_store=MemoryBlobStore(), clock=HostClock()
            ) as event_log,
            event_log.subscribe([TOPIC]) as subscription,
        ):
            stale.extend(await take(subscription, 1))
            generation = subscription.generation
            has_taken.set()
            is_free.wait(120)
            await subscription.acknowledge(stale)
            while subscription.generation == generation:
                await subscription.reassigned()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_note, subscription, news)
                while not has_ended.is_set():
                    await asyncio.sleep(0.02)
                tasks.cancel_scope.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(stuck()))
    stays = next(key for key in map(str, range(100)) if partition_of(key, 3) == 0)  # the last one goes to the newcomer
    async with log.open() as ports:
        await ports.event_log.publish([record(1, key=stays)])
        thread.start()
        try:
            await asyncio.to_thread(has_taken.wait, 60)
            async with ports.event_log.subscribe([TOPIC]) as subscription:
                (again,) = await take(subscription, 1)
                assert again.record == record(1, key=stays)
                assert again.may_be_repeated
                is_free.set()
                await _settled(subscription, 1)
                assert await ports.event_log.backlog() == {TOPIC: 1}  # not what the stuck one says
                await subscription.acknowledge([again])
                await ports.event_log.publish([record(number, key=str(number)) for number in range(2, 40)])
                mine: list[str] = []
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(_note, subscription, mine)
                    with anyio.fail_after(60):
                        while len({*mine, *news}) < 38:
                            await asyncio.sleep(0.02)
                    tasks.cancel_scope.cancel()
                assert "id-1" not in {*mine, *news}
                assert news
        finally:
            is_free.set()
            has_ended.set()
            await asyncio.to_thread(thread.join)


async def _note(subscription: Subscription, ids: list[str]) -> None:
    while True:
        taken = await subscription.take(100)
        ids += [each.record.id for each in taken]
        await subscription.acknowledge(taken)


async def _settled(subscription: Subscription, others: int) -> None:
    """Return once others have some of the partitions."""
    with anyio.fail_after(60):
        while len(subscription.partitions) > 3 - others:
            await subscription.reassigned()
