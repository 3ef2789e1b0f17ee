"""Brings what stands in the dead-letter topics into the book, where single letters are found and removed."""

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

from waygrid_core.envelope.transport import before_death
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.record import SENT_AGAIN, VALUE_ELSEWHERE, mapping_of, record_of
from waygrid_shell.adapters.kafka.scout import Scout, Sight, partitions_of
from waygrid_shell.ports.blob_store import BlobStore
from waygrid_shell.ports.dead_letter_book import DeadLetterBook, FoundLetter

_ENTERED_AT_ONCE: Final = 100
_READ_AT_ONCE: Final = 1_000
"""Letters of one partition."""
_READ_BYTES: Final = 16 * 1024 * 1024
"""About so much, of all partitions, is in memory at a time; and what lies elsewhere, of those entered at once."""


class DeadLetterPost:
    """Fills the book."""

    def __init__(self, brokers: Brokers, scout: Scout, book: DeadLetterBook, blob_store: BlobStore) -> None:
        self._brokers = brokers
        self._scout = scout
        self._book = book
        self._blob_store = blob_store

    async def deliver(self) -> None:
        """Enter what has come since the last time, in the order in which it was written, a part at a time."""
        while found := await self._next():
            for start in range(0, len(found), _ENTERED_AT_ONCE):
                await self._book.enter(await self._opened(found[start : start + _ENTERED_AT_ONCE]))

    async def _next(self) -> list[Any]:
        """The first letters that are not entered yet, in order; none once all are.

        The clocks of those who wrote differ. But the book goes on behind the highest offset of a partition that was
        entered: so these come in order, whatever their instants say.
        """
        found: list[tuple[int, Any]] = []
        known_until: int | None = None
        async with self._scout.look() as sight:
            begin, end = await self._new(sight)
            bytes_of_each = _READ_BYTES // max(len(begin), 1)
            for partition, at in begin.items():
                latest = 0
                records = await _some(sight, partition, at, end[partition], bytes_of_each)
                for raw in records:
                    latest = max(raw.timestamp, latest)
                    found.append((latest, raw))
                if records and records[-1].offset + 1 < end[partition]:
                    known_until = latest if known_until is None else min(latest, known_until)
        found.sort(key=lambda each: (each[0], each[1].topic, each[1].partition, each[1].offset))
        return [raw for at, raw in found if known_until is None or at <= known_until]  # what comes later is read again

    async def count(self) -> Mapping[str, int]:
        """How many letters there are of each topic that they were for, entered or not."""
        counts = dict(await self._book.count())
        async with self._scout.look() as sight:
            begin, end = await self._new(sight)
        for partition, at in begin.items():
            topic = self._brokers.dead_topic_of(partition.topic)
            if at < end[partition] and topic is not None:
                counts[topic] = counts.get(topic, 0) + end[partition] - at
        return counts

    async def _new(self, sight: Sight) -> tuple[Mapping[Any, int], Mapping[Any, int]]:
        """From where to where each partition is to be entered yet."""
        counts = await sight.partitions()
        topics = {name: topic for name in counts if (topic := self._brokers.dead_topic_of(name)) is not None}
        partitions = [each for name in topics for each in partitions_of(name, counts[name])]
        progress = await self._book.progress()
        ends = await sight.ends(partitions)
        known = {each: progress.get((topics[each.topic], each.partition), 0) for each in partitions}
        new = [each for each in partitions if known[each] < ends[each]]
        beginnings = await sight.beginnings(new)
        return {each: max(known[each], beginnings[each]) for each in new}, ends

    async def _opened(self, found: Iterable[Any]) -> list[FoundLetter]:
        headers = [mapping_of(raw.headers) for raw in found]
        digests = [digest for each in headers if (digest := each.get(VALUE_ELSEWHERE)) is not None]
        values = await self._blob_store.get(digests) if digests else {}
        letters = []
        for raw, each in zip(found, headers, strict=True):
            each.pop(SENT_AGAIN, None)
            value = values.get(each.get(VALUE_ELSEWHERE, ""))
            if value is not None:
                del each[VALUE_ELSEWHERE]
            topic = self._brokers.ours(raw.topic)
            assert topic is not None, "it was found by our prefix"
            record, reason = before_death(record_of(topic, raw, each, value if value is not None else raw.value))
            letters.append(FoundLetter(raw.partition, raw.offset, record, reason))
        return letters


async def _some(sight: Sight, partition: Any, begin: int, end: int, most_bytes: int) -> list[Any]:
    """The first records of a partition from `begin` on, at least one if there is one before `end`."""
    some: list[Any] = []
    size = 0
    async with aclosing(sight.read({partition: begin}, {partition: min(end, begin + _READ_AT_ONCE)})) as read:
        async for records in read:
            for raw in records:
                some.append(raw)
                size += len(raw.value or b"")
                if size >= most_bytes:
                    return some
    return some
