"""Topics of the users' own, in Kafka."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import anyio
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from attrs import frozen

from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.failures import listed, quiet_the_driver, sentence_of, unavailable
from waygrid_shell.adapters.kafka.group_reader import GroupReader
from waygrid_shell.adapters.kafka.leaving import all_left, begin, leave
from waygrid_shell.adapters.kafka.ledger import Ledger
from waygrid_shell.adapters.kafka.topics import admin_of, counts_of
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.record_log import ForeignRecord, Posting, Refused
from waygrid_shell.settings.settings import KafkaSettings

_PORT: Final = "record log"
_REQUEST_TIMEOUT_MILLISECONDS: Final = 10_000
_LARGEST_REQUEST_BYTES: Final = 64 * 1024 * 1024
"""What is too large the brokers know, each topic for itself."""

_FLUSH_SECONDS: Final = 5.0


class KafkaRecordLog:
    """See `waygrid_shell.ports.record_log.RecordLog`. Made by `open_record_log`.

    What it writes may be written twice if an answer of the brokers is lost.
    """

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._producer: Any = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str], group: str) -> AsyncIterator["KafkaForeignSubscription"]:
        async with admin_of(self._brokers, _PORT) as admin:
            there = await counts_of(admin)
        absent = [topic for topic in topics if topic not in there]
        if absent:
            raise Unavailable(
                _PORT, f"there is no topic {listed(absent)} that we may see; make it, or grant READ on it"
            )
        reader = GroupReader(
            self._brokers,
            topics,
            group,
            moved=lambda: None,
            assignor=RangePartitionAssignor,  # every other client knows it, and may be in the group too
            port=_PORT,
        )
        try:
            await reader.start()
            yield KafkaForeignSubscription(reader)
        finally:
            await reader.close()

    async def post(self, posting: Posting) -> tuple[int, int]:
        if self._brokers.is_ours(posting.topic):
            raise Refused(
                f"{posting.topic!r} is a topic of this platform's own: what stands there is believed by its services;"
                " name a topic of yours"
            )
        producer = await self._started()
        if producer.client.cluster.partitions_for_topic(posting.topic) is None:
            await self._see_to_it_that_there_is(posting.topic)
        headers = list(posting.headers.items())
        try:
            written = await producer.send_and_wait(posting.topic, value=posting.value, key=posting.key, headers=headers)
        except UnknownTopicOrPartitionError as error:
            raise Refused(f"there is no topic {posting.topic!r}; make it, or name another") from error
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            raise Refused(
                f"the record has {len(posting.value)} bytes, and topic {posting.topic!r} does not take so many; raise"
                " its max.message.bytes, or send less"
            ) from error
        except TopicAuthorizationFailedError as error:
            raise Refused(f"we may not write to topic {posting.topic!r}; grant WRITE on it") from error
        except (InvalidTopicError, ValueError) as error:
            raise Refused(f"{posting.topic!r} cannot be a topic: {sentence_of(error)}") from error
        except (KafkaError, OSError) as error:
            raise unavailable(error, _PORT) from error
        return written.partition, written.offset

    async def _see_to_it_that_there_is(self, topic: str) -> None:
        """The producer would wait for it, and the brokers might make it as nobody wants it."""
        async with admin_of(self._brokers, _PORT) as admin:
            if topic not in await counts_of(admin):
                raise Refused(f"there is no topic {topic!r}; make it, or name another")

    async def close(self) -> None:
        """Let what is on its way arrive, for a while."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with anyio.CancelScope(shield=True):
                await asyncio.wait((leave(producer.stop()),), timeout=_FLUSH_SECONDS)

    async def _started(self) -> Any:
        """The producer, which is made when it is needed for the first time."""
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._brokers.options(_PORT),
                    acks="all",
                    linger_ms=0,
                    max_request_size=_LARGEST_REQUEST_BYTES,
                    request_timeout_ms=_REQUEST_TIMEOUT_MILLISECONDS,
                )
                try:
                    await begin(producer, producer.stop)
                except (KafkaError, OSError) as error:
                    raise await self._brokers.why(error, _PORT) from error
                self._producer = producer
            return self._producer


@frozen(kw_only=True, eq=False)
class _Taken(ForeignRecord):
    """`place` is where the reader has it."""

    place: int


class KafkaForeignSubscription:
    """See `waygrid_shell.ports.record_log.ForeignSubscription`."""

    def __init__(self, reader: GroupReader) -> None:
        self._reader = reader

    async def take(self, limit: int) -> Sequence[ForeignRecord]:
        while not self._reader.has_some:
            await self._reader.fill(limit)
        buffer = self._reader.buffer
        return [_foreign(*buffer.popleft()) for _ in range(min(limit, len(buffer)))]

    async def acknowledge(self, records: Sequence[ForeignRecord]) -> None:
        places: dict[Any, list[int]] = {}
        for record in records:
            assert isinstance(record, _Taken), "it was taken here"
            places.setdefault(TopicPartition(record.topic, record.partition), []).append(record.place)
        await self._reader.finish(places)


def _foreign(ledger: Ledger, raw: Any) -> _Taken:
    return _Taken(
        topic=ledger.topic,
        partition=ledger.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        headers={name: value or b"" for name, value in raw.headers},
        at=datetime.fromtimestamp(max(raw.timestamp, 0) / 1_000, UTC),
        place=ledger.base + raw.offset,
    )


@asynccontextmanager
async def open_record_log(settings: KafkaSettings) -> AsyncIterator[KafkaRecordLog]:
    """The log of these brokers, which are asked only once something is read or written."""
    quiet_the_driver()
    log = KafkaRecordLog(Brokers(settings))
    try:
        yield log
    finally:
        await log.close()
        await all_left(_FLUSH_SECONDS)
