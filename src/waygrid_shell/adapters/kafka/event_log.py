"""The event log in Kafka."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Final

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.dead_letters import DeadLetterPost
from waygrid_shell.adapters.kafka.failures import quiet_the_driver
from waygrid_shell.adapters.kafka.lane import Call, Parcel
from waygrid_shell.adapters.kafka.leaving import all_left
from waygrid_shell.adapters.kafka.partitioner import positive_hash
from waygrid_shell.adapters.kafka.publisher import Publisher
from waygrid_shell.adapters.kafka.reader import TopicReader
from waygrid_shell.adapters.kafka.record import SENT_AGAIN, VALUE_ELSEWHERE, headers_of, key_of
from waygrid_shell.adapters.kafka.scout import Scout
from waygrid_shell.adapters.kafka.subscription import KafkaSubscription
from waygrid_shell.adapters.kafka.survey import Survey
from waygrid_shell.adapters.kafka.topics import TopicMaker
from waygrid_shell.ports.blob_store import BlobStore
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dead_letter_book import DeadLetterBook
from waygrid_shell.ports.event_log import DeadLetter
from waygrid_shell.settings.settings import KafkaSettings

_FAREWELL_SECONDS: Final = 5.0

LARGE_BYTES: Final = 256 * 1024
"""A value that is larger does not travel."""


class KafkaEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`. Made by `open_event_log`."""

    def __init__(
        self,
        brokers: Brokers,
        publisher: Publisher,
        scout: Scout,
        dead_letter_book: DeadLetterBook,
        blob_store: BlobStore,
        clock: Clock,
    ) -> None:
        self._brokers = brokers
        self._publisher = publisher
        self._survey = Survey(brokers, scout)
        self._letters = DeadLetterPost(brokers, scout, dead_letter_book, blob_store)
        self._book = dead_letter_book
        self._blob_store = blob_store
        self._clock = clock
        self._name_of = lru_cache(maxsize=4096)(brokers.named)
        self._queue = asyncio.Lock()
        self._queued = 0

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        if records:
            await self._publisher.written(await self._put(records))

    async def _put(self, records: Sequence[TransportEnvelope]) -> Call:
        """Have them written in the order of the calls, whatever one has to wait for before."""
        if self._queued == 0:
            parcels = self._parcels(records, {})
            if parcels is not None:
                return self._publisher.put(parcels)
        self._queued += 1
        try:
            async with self._queue:
                names, elsewhere = {self._name_of(record.topic) for record in records}, dict[int, bytes]()
                while (parcels := self._parcels(records, elsewhere)) is None:
                    # Again, if the producer was replaced meanwhile: then nothing is known of any topic.
                    await self._publisher.learn(names)
                    elsewhere |= await self._put_elsewhere(records)
                return self._publisher.put(parcels)
        finally:
            self._queued -= 1

    async def _put_elsewhere(self, records: Sequence[TransportEnvelope]) -> Mapping[int, bytes]:
        """By the place of the record: the digest of its value, if that is too large."""
        large = [
            place
            for place, record in enumerate(records)
            if len(record.value) > self._travels_up_to(self._name_of(record.topic))
        ]
        if not large:
            return {}
        digests = await self._blob_store.put([records[place].value for place in large], self._clock.now())
        return {place: digest.encode() for place, digest in zip(large, digests, strict=True)}

    def _parcels(
        self, records: Sequence[TransportEnvelope], elsewhere: Mapping[int, bytes]
    ) -> Mapping[tuple[str, int], list[Parcel]] | None:
        """The records as Kafka takes them; None if a topic is not known yet, or a value has to be put elsewhere."""
        name_of, topics = self._name_of, dict[str, tuple[str, int, int]]()
        parcels: dict[tuple[str, int], list[Parcel]] = {}
        for place, record in enumerate(records):
            known = topics.get(record.topic)
            if known is None:
                name = name_of(record.topic)
                facts = self._publisher.facts_of(name)
                if facts is None:
                    return None
                known = topics[record.topic] = (name, facts.partitions, self._travels_up_to(name))
            name, count, travels_up_to = known
            headers, value = headers_of(record), record.value
            if len(value) > travels_up_to:
                if place not in elsewhere:
                    return None
                headers.append((VALUE_ELSEWHERE, elsewhere[place]))
                value = b""
            lane = (name, positive_hash(record.key) % count)
            some = parcels.get(lane)
            if some is None:
                some = parcels[lane] = []
            some.append((key_of(record), value, headers))
        return parcels

    def _travels_up_to(self, name: str) -> int:
        """How large a value in a record of that topic may be, as far as is known: the half is left for headers."""
        facts = self._publisher.facts_of(name)
        return LARGE_BYTES if facts is None else min(LARGE_BYTES, facts.max_bytes // 2)

    async def prepare(self, topics: Sequence[str]) -> None:
        await self._publisher.learn([self._name_of(topic) for topic in topics])

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[KafkaSubscription]:
        await self.prepare(topics)
        subscription = KafkaSubscription()
        readers = {topic: TopicReader(self._brokers, topic, self._blob_store, subscription.move) for topic in topics}
        async with AsyncExitStack() as stack:
            for reader in readers.values():
                stack.push_async_callback(reader.close)
                await reader.start()
            subscription.begin(readers)
            yield subscription

    async def backlog(self) -> Mapping[str, int]:
        dead = await self._letters.count()
        alive = await self._survey.unread()
        return {**alive, **{topic + DEAD_LETTER_SUFFIX: count for topic, count in dead.items()}}

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        return await self._survey.oldest(topics)

    async def ends(self, topic: str) -> Mapping[int, int]:
        return await self._survey.ends(topic)

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        await self._letters.deliver()
        return await self._book.read(after=after, limit=limit)

    async def redrive(self, positions: Sequence[int]) -> int:
        letters = await self._book.get(positions)
        await self.publish([_sent_again(letter.record) for letter in letters])
        await self._book.remove([letter.position for letter in letters])
        return len(letters)

    async def discard(self, positions: Sequence[int]) -> int:
        return await self._book.remove(positions)


def _sent_again(record: TransportEnvelope) -> TransportEnvelope:
    return TransportEnvelope(
        topic=record.topic, key=record.key, headers={**record.headers, SENT_AGAIN: "1"}, value=record.value
    )


@asynccontextmanager
async def open_event_log(
    settings: KafkaSettings, *, dead_letter_book: DeadLetterBook, blob_store: BlobStore, clock: Clock
) -> AsyncIterator[KafkaEventLog]:
    """The event log of these brokers, which this process writes as one. Raises `Unavailable`."""
    quiet_the_driver()
    brokers = Brokers(settings)
    publisher, scout = Publisher(brokers, TopicMaker(brokers)), Scout(brokers)
    await publisher.start()
    sending = asyncio.get_running_loop().create_task(publisher.run())
    try:
        yield KafkaEventLog(brokers, publisher, scout, dead_letter_book, blob_store, clock)
    finally:
        scout.close()
        await publisher.close()
        sending.cancel()
        await all_left(_FAREWELL_SECONDS)
