"""Topics of the users' own, as long as the object lives: one partition a topic, read by one member of a group."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.record_log import ForeignRecord, Posting, Refused


class MemoryRecordLog:
    """See `waygrid_shell.ports.record_log.RecordLog`. There are the topics that it was made with, and no others."""

    def __init__(self, topics: Sequence[str] = (), *, max_value_bytes: int = 1024 * 1024) -> None:
        self._topics: dict[str, list[ForeignRecord]] = {topic: [] for topic in topics}
        self._done: dict[tuple[str, str], int] = {}
        """By group and topic: how many of its records are done with."""
        self._taken: set[tuple[str, str]] = set()
        self._max_value_bytes = max_value_bytes
        self._has_more = asyncio.Condition()

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str], group: str) -> AsyncIterator["_Subscription"]:
        shares = {(group, topic) for topic in topics}
        for topic in topics:
            if topic not in self._topics:
                raise Unavailable("record log", f"there is no topic {topic!r}; make it")
        if shares & self._taken:
            raise Unavailable("record log", f"the group {group!r} has a member already")
        self._taken |= shares
        try:
            yield _Subscription(self, topics, group)
        finally:
            self._taken -= shares

    async def post(self, posting: Posting) -> tuple[int, int]:
        records = self._topics.get(posting.topic)
        if records is None:
            raise Refused(f"there is no topic {posting.topic!r}; make it, or name another")
        if len(posting.value) > self._max_value_bytes:
            raise Refused(f"the record has {len(posting.value)} bytes; the topic takes {self._max_value_bytes}")
        await self.add(posting.topic, key=posting.key, value=posting.value, headers=posting.headers)
        return 0, len(records) - 1

    async def add(
        self,
        topic: str,
        *,
        key: bytes | None = None,
        value: bytes | None,
        headers: Mapping[str, bytes] | None = None,
        at: datetime | None = None,
    ) -> None:
        """Add a record as somebody else would, who may also add what has no value."""
        records = self._topics[topic]
        records.append(
            ForeignRecord(
                topic=topic,
                partition=0,
                offset=len(records),
                key=key,
                value=value,
                headers=dict(headers or {}),
                at=at or datetime.now(UTC),
            )
        )
        async with self._has_more:
            self._has_more.notify_all()


class _Subscription:
    def __init__(self, log: MemoryRecordLog, topics: Sequence[str], group: str) -> None:
        self._log = log
        self._group = group
        self._next = {topic: log._done.get((group, topic), 0) for topic in topics}
        self._open: dict[str, set[int]] = {topic: set() for topic in topics}
        """Offsets that are taken and not done with."""

    async def take(self, limit: int) -> Sequence[ForeignRecord]:
        async with self._log._has_more:
            while True:
                taken: list[ForeignRecord] = []
                for topic, start in self._next.items():
                    taken += self._log._topics[topic][start : start + limit - len(taken)]
                if taken:
                    break
                await self._log._has_more.wait()
        for record in taken:
            self._next[record.topic] = record.offset + 1
            self._open[record.topic].add(record.offset)
        return taken

    async def acknowledge(self, records: Sequence[ForeignRecord]) -> None:
        for record in records:
            self._open[record.topic].discard(record.offset)
        for topic, following in self._next.items():
            self._log._done[self._group, topic] = min(self._open[topic], default=following)
