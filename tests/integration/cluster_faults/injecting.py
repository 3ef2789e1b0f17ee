"""Records that nobody of ours wrote, put into our topics with a client of Kafka's own."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from attrs import define, field

from tests.integration.faults.poison import poison
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX

_LATEST_SECONDS = 2.0
"""How much later a copy may come."""


async def topics_of(bootstrap: str, prefix: str) -> Sequence[str]:
    """The topics of services, with the prefix; without dead letters."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        names = await admin.list_topics()
    finally:
        await admin.close()
    return sorted(name for name in names if name.startswith(f"{prefix}.") and not name.endswith(DEAD_LETTER_SUFFIX))


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A client that writes whatever it is given."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@define
class Copier:
    """Writes every record of some topics a second time, into the same partition, in the same order, a while later.

    A record of a partition that stands after another has its copy after the other's copy: so the last word on anything
    stays the last word, as it is when a sender sends again what it sent before.
    """

    bootstrap: str
    topics: Sequence[str]
    chance: random.Random
    is_over: bool = False
    copied: int = 0
    has_begun: anyio.Event = field(factory=anyio.Event)
    _own: set[tuple[TopicPartition, int]] = field(factory=set)

    async def run(self) -> None:
        """From the records of now on, until `is_over` and all there are have been copied."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="latest"
        )
        await consumer.start()
        try:
            async with producing(self.bootstrap) as producer:
                partitions = [
                    TopicPartition(topic, number)
                    for topic in self.topics
                    for number in sorted(await producer.partitions_for(topic))
                ]
                consumer.assign(partitions)
                positions = dict(await consumer.end_offsets(partitions))
                for partition, offset in positions.items():
                    consumer.seek(partition, offset)
                self.has_begun.set()
                while True:
                    was_over = self.is_over
                    copied = await self._round(consumer, producer, positions)
                    if was_over and not copied:
                        return
                    await anyio.sleep(0.1 if was_over else self.chance.uniform(0.1, _LATEST_SECONDS))
        finally:
            await consumer.stop()

    async def _round(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, positions: dict[TopicPartition, int]
    ) -> int:
        """Copy what was there when the round began; how many records that made."""
        ends = await consumer.end_offsets(list(positions))
        copies = 0
        while behind := [each for each in positions if positions[each] < ends[each]]:
            sent = []
            for partition, records in (await consumer.getmany(*behind, timeout_ms=200)).items():
                for record in records:
                    if record.offset >= ends[partition]:
                        consumer.seek(partition, record.offset)
                        break
                    positions[partition] = record.offset + 1
                    if (partition, record.offset) in self._own:
                        continue
                    future = await producer.send(
                        record.topic,
                        record.value,
                        key=record.key,
                        partition=record.partition,
                        headers=list(record.headers),
                    )
                    sent.append((partition, future))
            for partition, future in sent:
                self._own.add((partition, (await future).offset))
            copies += len(sent)
        self.copied += copies
        return copies


async def put_poison(bootstrap: str, topics: Sequence[str], prefix: str, name: str) -> set[str]:
    """Put records into each of the topics that nobody can read; the marks of them all."""
    marks: set[str] = set()
    async with producing(bootstrap) as producer:
        for topic in topics:
            mark = f"poison-{name}-{topic.removeprefix(prefix + '.')}"
            for record in poison(topic, mark):
                headers = [(header, value.encode()) for header, value in record.headers.items()]
                await producer.send(topic, record.value, key=record.key.encode(), headers=headers)
                marks.add(record.id)
            raw = [f"{mark}-{variant}" for variant in ("garbage", "null", "keyless", "header", "twice")]
            garbage, null, keyless, header, twice = (each.encode() for each in raw)
            await producer.send(topic, b"\x00\xfe\xff" + garbage, key=b"\xff\xfe")
            await producer.send(topic, None, key=null)
            await producer.send(topic, keyless, key=None)
            await producer.send(topic, header, key=b"k", headers=[("ce_id", b"\xff\xfe"), ("ce_type", b"\x80")])
            await producer.send(topic, twice, key=b"k", headers=[("ce_id", b"one"), ("ce_id", b"two"), ("", b"")])
            marks.update(raw)
        await producer.flush()
    return marks
