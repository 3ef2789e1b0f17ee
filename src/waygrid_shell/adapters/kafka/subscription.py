"""A subscription: a reader for each of its topics, each in the group of its topic."""

import asyncio
from collections.abc import Mapping, Sequence

from waygrid_shell.adapters.kafka.reader import TopicReader
from waygrid_shell.ports.event_log import Delivery


class KafkaSubscription:
    """See `waygrid_shell.ports.event_log.Subscription`."""

    def __init__(self) -> None:
        self._readers: dict[str, TopicReader] = {}
        self._generation = 0
        self._told = 0
        self._has_moved = asyncio.Event()

    def begin(self, readers: Mapping[str, TopicReader]) -> None:
        """The partitions that these have by now are those that it begins with."""
        self._readers.update(readers)
        self._generation = 0

    def move(self) -> None:
        """Partitions have come or gone."""
        self._generation += 1
        self._has_moved.set()

    @property
    def partitions(self) -> frozenset[int]:
        return frozenset().union(*(reader.partitions for reader in self._readers.values()))

    @property
    def generation(self) -> int:
        return self._generation

    async def reassigned(self) -> None:
        while self._told == self._generation:
            self._has_moved.clear()
            await self._has_moved.wait()
        self._told = self._generation

    async def take(self, limit: int) -> Sequence[Delivery]:
        if len(self._readers) > 1:
            return await self._take_of_many(limit)
        (reader,) = self._readers.values()
        while True:
            await reader.ready(limit)
            given = reader.give(limit)
            if given:
                return given

    async def _take_of_many(self, limit: int) -> Sequence[Delivery]:
        while True:
            tasks = {asyncio.create_task(reader.ready(limit)): reader for reader in self._readers.values()}
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            given: list[Delivery] = []
            for task in done:
                task.result()
                given += tasks[task].give(limit - len(given))
            if given:
                return given

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        if len(self._readers) == 1:
            (reader,) = self._readers.values()
            await reader.acknowledge(deliveries)
            return
        by_topic: dict[str, list[Delivery]] = {topic: [] for topic in self._readers}
        for delivery in deliveries:
            by_topic[delivery.record.topic].append(delivery)
        for topic, some in by_topic.items():
            if some:
                await self._readers[topic].acknowledge(some)
