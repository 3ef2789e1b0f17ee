"""Looks at topics without being anybody's reader: how far they go, how far groups are, and single records of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CoordinatorNotAvailableError, KafkaError, NotCoordinatorError
from attrs import frozen

from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.failures import unavailable
from waygrid_shell.adapters.kafka.leaving import begin, leave

_REQUEST_TIMEOUT_MILLISECONDS: Final = 10_000
_READ_SECONDS: Final = 10.0
_TRIES: Final = 50
_REST_SECONDS: Final = 0.1


@frozen(eq=False)
class Sight:
    """Both clients, while one who looks has them."""

    admin: Any
    consumer: Any

    async def partitions(self) -> Mapping[str, int]:
        """How many each topic has, by Kafka's name."""
        described = await self.admin.describe_topics()
        return {each["topic"]: len(each["partitions"]) for each in described if each["partitions"]}

    async def ends(self, partitions: Iterable[Any]) -> Mapping[Any, int]:
        """The offset after the last record of each."""
        wanted = list(partitions)
        return dict(await self.consumer.end_offsets(wanted)) if wanted else {}

    async def beginnings(self, partitions: Iterable[Any]) -> Mapping[Any, int]:
        """The offset of the first record of each that is still there."""
        wanted = list(partitions)
        return dict(await self.consumer.beginning_offsets(wanted)) if wanted else {}

    async def committed(self, group: str) -> Mapping[Any, int]:
        """How far a group is."""
        for _ in range(_TRIES):
            try:
                found = await self.admin.list_consumer_group_offsets(group)
            except (CoordinatorNotAvailableError, NotCoordinatorError):
                await asyncio.sleep(_REST_SECONDS)  # the brokers make up their minds who keeps the group
            else:
                return {partition: each.offset for partition, each in found.items() if each.offset >= 0}
        raise CoordinatorNotAvailableError(group)

    async def read(self, begin: Mapping[Any, int], end: Mapping[Any, int]) -> AsyncGenerator[Any, None]:
        """The records of each of these partitions from one offset up to another, in batches of one partition."""
        left = {partition: begin[partition] for partition in begin if begin[partition] < end[partition]}
        if not left:
            return
        self.consumer.assign(list(left))
        try:
            for partition, offset in left.items():
                self.consumer.seek(partition, offset)
            while left:
                fetched = await self.consumer.getmany(*left, timeout_ms=int(_READ_SECONDS * 1_000))
                if not fetched:
                    raise TimeoutError
                for partition, records in fetched.items():
                    wanted = [each for each in records if each.offset < end[partition]]
                    if wanted:
                        yield wanted
                    if await self.consumer.position(partition) >= end[partition]:
                        del left[partition]
        finally:
            self.consumer.unsubscribe()


class Scout:
    """One pair of clients, made when somebody looks for the first time, or after they failed."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._sight: Sight | None = None
        self._is_looking = asyncio.Lock()

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Sight]:
        """One looks at a time. Errors of the driver inside become `Unavailable`."""
        async with self._is_looking:
            try:
                if self._sight is None:
                    self._sight = await self._begin()
                yield self._sight
            except (KafkaError, OSError) as error:
                self.close()
                raise unavailable(error) from error

    def close(self) -> None:
        """Let go of the clients."""
        sight, self._sight = self._sight, None
        if sight is not None:
            leave(_close(sight))

    async def _begin(self) -> Sight:
        options = self._brokers.options()
        timing = {"request_timeout_ms": _REQUEST_TIMEOUT_MILLISECONDS, "retry_backoff_ms": 50}
        consumer = AIOKafkaConsumer(
            **options, **timing, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100
        )
        admin = AIOKafkaAdminClient(**options, **timing)
        try:
            await begin(consumer, consumer.stop)
            try:
                await begin(admin, admin.close)
            except BaseException:
                leave(consumer.stop())
                raise
        except (KafkaError, OSError) as error:
            raise await self._brokers.why(error) from error
        return Sight(admin, consumer)


async def _close(sight: Sight) -> None:
    await sight.admin.close()
    await sight.consumer.stop()


def partitions_of(name: str, count: int) -> list[Any]:
    """All partitions of a topic."""
    return [TopicPartition(name, number) for number in range(count)]
