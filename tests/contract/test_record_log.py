"""The contract of the record log: topics of the users' own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest
from aiokafka.admin import NewTopic
from attrs import evolve, frozen

from tests.contract.event_logs import delete_topics
from tests.servers.cluster import ClusterServers
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.record_log import open_record_log
from waygrid_shell.adapters.kafka.topics import admin_of, counts_of
from waygrid_shell.adapters.memory.record_log import MemoryRecordLog
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.record_log import ForeignRecord, ForeignSubscription, Posting, RecordLog, Refused
from waygrid_shell.settings.settings import KafkaSettings

pytestmark = pytest.mark.anyio


@frozen
class Records:
    """Opens the log, as another process would. There are `topic` and `other`, of one partition."""

    open: Callable[[], AbstractAsyncContextManager[RecordLog]]
    topic: str
    other: str


@pytest.fixture(params=["memory", "kafka"])
def records(request: pytest.FixtureRequest) -> Iterator[Records]:
    name = f"t{secrets.token_hex(5)}"
    topics = (f"{name}.orders", f"{name}.paid")
    if request.param == "memory":
        log = MemoryRecordLog(topics, max_value_bytes=100_000)

        @asynccontextmanager
        async def kept() -> AsyncIterator[RecordLog]:
            yield log

        yield Records(kept, *topics)
        return
    servers = request.getfixturevalue("servers")
    settings = KafkaSettings(servers=(servers.kafka.bootstrap,), topic_prefix=name)
    asyncio.run(_make(settings, topics))
    try:
        yield Records(lambda: open_record_log(settings), *topics)
    finally:
        asyncio.run(delete_topics(settings))


async def _make(settings: KafkaSettings, topics: tuple[str, ...]) -> None:
    async with admin_of(Brokers(settings)) as admin:
        configs = {"max.message.bytes": "100000"}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=configs) for topic in topics])
        with anyio.fail_after(60):
            while not set(topics) <= set(await counts_of(admin)):
                await asyncio.sleep(0.05)  # a broker knows it a moment later


async def take(subscription: ForeignSubscription, count: int) -> list[ForeignRecord]:
    taken: list[ForeignRecord] = []
    with anyio.fail_after(30):
        while len(taken) < count:
            taken += await subscription.take(count - len(taken))
    return taken


async def test_what_is_posted_is_read_with_all_that_it_had(records: Records) -> None:
    async with records.open() as log:
        posting = Posting(topic=records.topic, key=b"k\xff", value=b"\x00{", headers={"a": b"\xfe", "b": b""})
        assert await log.post(posting) == (0, 0)
        assert await log.post(Posting(topic=records.topic, key=None, value=b"")) == (0, 1)
        async with log.subscribe([records.topic], "g") as subscription:
            first, second = await take(subscription, 2)
            assert (first.topic, first.partition, first.offset) == (records.topic, 0, 0)
            assert (first.key, first.value, first.headers) == (b"k\xff", b"\x00{", {"a": b"\xfe", "b": b""})
            assert (second.key, second.value, second.headers, second.offset) == (None, b"", {}, 1)
            assert first.at.tzinfo is not None


async def test_a_group_goes_on_behind_what_is_done_with_and_other_groups_have_their_own_place(
    records: Records,
) -> None:
    async with records.open() as log:
        for number in range(5):
            await log.post(Posting(topic=records.topic, key=None, value=b"%d" % number))
        async with log.subscribe([records.topic], "g") as subscription:
            taken = await take(subscription, 4)
            await subscription.acknowledge([taken[1], taken[0]])
            await subscription.acknowledge([taken[3]])
    async with records.open() as log, log.subscribe([records.topic], "g") as subscription:
        assert [each.value for each in await take(subscription, 3)] == [b"2", b"3", b"4"]
    async with records.open() as log, log.subscribe([records.topic], "another") as subscription:
        assert [each.value for each in await take(subscription, 5)] == [b"%d" % number for number in range(5)]


async def test_a_subscription_reads_several_topics(records: Records) -> None:
    async with records.open() as log, log.subscribe([records.topic, records.other], "g") as subscription:
        await log.post(Posting(topic=records.topic, key=None, value=b"1"))
        await log.post(Posting(topic=records.other, key=None, value=b"2"))
        taken = await take(subscription, 2)
        assert {each.topic for each in taken} == {records.topic, records.other}
        await subscription.acknowledge(taken)


async def test_taking_waits_until_there_is_something(records: Records) -> None:
    async with records.open() as log, log.subscribe([records.topic], "g") as subscription:
        with anyio.move_on_after(0.02) as scope:
            await subscription.take(1)
        assert scope.cancelled_caught
        await log.post(Posting(topic=records.topic, key=None, value=b"1"))
        assert len(await take(subscription, 1)) == 1


async def test_what_a_topic_never_takes_is_refused_and_the_next_record_is_taken(records: Records) -> None:
    async with records.open() as log:
        with pytest.raises(Refused, match="200000 bytes"):
            await log.post(Posting(topic=records.topic, key=None, value=bytes(200_000)))
        assert await log.post(Posting(topic=records.topic, key=None, value=b"small")) == (0, 0)


async def test_a_topic_that_is_not_there_cannot_be_read(records: Records) -> None:
    async with records.open() as log:
        with pytest.raises(Unavailable, match="there is no topic"):
            async with log.subscribe([f"{records.topic}.none"], "g"):
                pass


async def test_a_topic_that_is_not_there_takes_nothing(records: Records) -> None:
    async with records.open() as log:
        with pytest.raises(Refused, match="there is no topic"):
            await log.post(Posting(topic=f"{records.topic}.none", key=None, value=b"x"))


async def test_nobody_writes_into_the_topics_of_the_platform(servers: ClusterServers) -> None:
    prefix = f"t{secrets.token_hex(5)}"
    settings = KafkaSettings(servers=(servers.kafka.bootstrap,), topic_prefix=prefix)
    async with open_record_log(settings) as log:
        for topic in ("system.waystation", "processor.http", "system.inbox.dead-letter"):
            with pytest.raises(Refused, match="of this platform's own"):
                await log.post(Posting(topic=f"{prefix}.{topic}", key=None, value=b"{}"))
    async with open_record_log(evolve(settings, topic_prefix="")) as log:
        with pytest.raises(Refused, match="of this platform's own"):
            await log.post(Posting(topic="system.waystation", key=None, value=b"{}"))
