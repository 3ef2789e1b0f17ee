"""How far the readers of our topics are."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.record import mapping_of, record_of
from waygrid_shell.adapters.kafka.scout import Scout, Sight, partitions_of
from waygrid_shell.hosting.post import sent_at


class Survey:
    """Looks at topics and their groups."""

    def __init__(self, brokers: Brokers, scout: Scout) -> None:
        self._brokers = brokers
        self._scout = scout

    async def unread(self) -> Mapping[str, int]:
        """How many records of each topic its group has not finished, as far as the group's positions say."""
        async with self._scout.look() as sight:
            counts = await sight.partitions()
            topics = [topic for name in counts if (topic := self._brokers.topic_of(name)) is not None]
            lags = await self._lags(sight, {topic: counts[self._brokers.named(topic)] for topic in topics})
        return {topic: count for topic in topics if (count := sum(end - at for at, end in lags[topic].values()))}

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        """When the first unfinished record of each of these topics was sent."""
        async with self._scout.look() as sight:
            counts = await sight.partitions()
            known = {topic: count for topic in topics if (count := counts.get(self._brokers.named(topic)))}
            lags = await self._lags(sight, known)
            first: dict[str, datetime] = {}
            for topic, lag in lags.items():
                begin = {partition: at for partition, (at, end) in lag.items() if at < end}
                async for records in sight.read(begin, {partition: at + 1 for partition, at in begin.items()}):
                    raw = records[0]
                    at = sent_at(record_of(topic, raw, mapping_of(raw.headers), raw.value))
                    first[topic] = min(at, first.get(topic, at))
        return first

    async def ends(self, topic: str) -> Mapping[int, int]:
        """By partition of this topic, the offset of the next record."""
        name = self._brokers.named(topic)
        async with self._scout.look() as sight:
            count = (await sight.partitions()).get(name, 0)
            return {each.partition: end for each, end in (await sight.ends(partitions_of(name, count))).items()}

    async def _lags(self, sight: Sight, counts: Mapping[str, int]) -> dict[str, dict[Any, tuple[int, int]]]:
        """By topic and partition: the offset of the first unfinished record, and that after the last one."""
        partitions = {topic: partitions_of(self._brokers.named(topic), count) for topic, count in counts.items()}
        everything = [each for some in partitions.values() for each in some]
        positions = await asyncio.gather(*(sight.committed(self._brokers.group(topic)) for topic in partitions))
        beginnings, ends = await asyncio.gather(sight.beginnings(everything), sight.ends(everything))
        return {
            topic: {
                each: (min(max(committed.get(each, 0), beginnings[each]), ends[each]), ends[each])
                for each in partitions[topic]
            }
            for topic, committed in zip(partitions, positions, strict=True)
        }
