"""What the faults inject arrives in the topics as they mean it to."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import anyio
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.integration.cluster_faults.injecting import Copier, producing, put_poison, topics_of
from tests.servers.cluster import ClusterServers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def topic(servers: ClusterServers) -> AsyncIterator[str]:
    """A topic of two partitions."""
    name = f"t{uuid4().hex[:8]}.processor.line"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers.kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1), NewTopic(f"{name}.dead-letter", 1, 1)])
    try:
        yield name
    finally:
        await admin.delete_topics([name, f"{name}.dead-letter"])
        await admin.close()


async def test_every_record_is_copied_once_into_its_partition_and_copies_keep_the_order(
    servers: ClusterServers, topic: str
) -> None:
    bootstrap = servers.kafka.bootstrap
    copier = Copier(bootstrap, [topic], random.Random(1))
    async with producing(bootstrap) as producer, anyio.create_task_group() as tasks:
        await producer.send_and_wait(topic, b"before", partition=0)
        tasks.start_soon(copier.run)
        await copier.has_begun.wait()
        for number in range(40):
            await producer.send_and_wait(topic, b"%d" % number, partition=number % 2, headers=[("n", b"%d" % number)])
        copier.is_over = True
    assert copier.copied == 40
    for partition in (0, 1):
        records = [each for each in await everything(bootstrap, topic, partition) if each.value != b"before"]
        numbers = [int(each.value) for each in records]
        assert Counter(numbers) == dict.fromkeys(range(partition, 40, 2), 2)
        assert all(each.headers == (("n", each.value),) for each in records)
        firsts = [number for place, number in enumerate(numbers) if number not in numbers[:place]]
        copies = [number for place, number in enumerate(numbers) if number in numbers[:place]]
        assert firsts == copies == sorted(firsts)


async def test_poison_is_put_into_each_topic_and_is_known_by_its_marks(servers: ClusterServers, topic: str) -> None:
    bootstrap = servers.kafka.bootstrap
    prefix = topic.partition(".")[0]
    assert await topics_of(bootstrap, prefix) == [topic]
    marks = await put_poison(bootstrap, [topic], prefix, "1")
    records = [record for partition in (0, 1) for record in await everything(bootstrap, topic, partition)]
    assert len(records) == len(marks)
    for mark in marks:
        (found,) = [each for each in records if mark.encode() in repr((each.key, each.value, each.headers)).encode()]
        assert found.topic == topic


async def everything(bootstrap: str, topic: str, number: int) -> list[Any]:
    """The records of a partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(topic, number)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[Any] = []
        while await consumer.position(partition) < end:
            found += (await consumer.getmany(partition, timeout_ms=1_000)).get(partition, [])
        return found
    finally:
        await consumer.stop()
