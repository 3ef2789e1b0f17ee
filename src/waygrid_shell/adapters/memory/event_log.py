"""The event log in memory."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from attrs import define, field

from waygrid_core.envelope.transport import TransportEnvelope, before_death
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.hosting.post import sent_at
from waygrid_shell.ports.event_log import DeadLetter, Delivery
from waygrid_shell.ports.failure import Unavailable


@define
class _Topic:
    waiting: deque[Delivery] = field(factory=deque)
    taken: dict[int, Delivery] = field(factory=dict)
    ids: set[str] = field(factory=set)
    """Of all that is not acknowledged."""
    is_subscribed: bool = False


class MemoryEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`; it lives as long as the object."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}
        self._dead: dict[int, DeadLetter] = {}
        self._positions = 0
        self._published = asyncio.Event()

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        for record in records:
            if record.topic.endswith(DEAD_LETTER_SUFFIX):
                self._bury(record)
            else:
                self._append(record, may_be_repeated=False)
        self._published.set()

    def _append(self, record: TransportEnvelope, *, may_be_repeated: bool) -> None:
        topic = self._topics.setdefault(record.topic, _Topic())
        if not record.id or record.id not in topic.ids:
            self._positions += 1
            topic.ids.add(record.id)
            topic.waiting.append(Delivery(record, self._positions, may_be_repeated))

    def _bury(self, record: TransportEnvelope) -> None:
        self._positions += 1
        self._dead[self._positions] = DeadLetter(self._positions, *before_death(record))

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator["MemorySubscription"]:
        read = [self._topics.setdefault(topic, _Topic()) for topic in topics]
        if any(topic.is_subscribed for topic in read):
            raise Unavailable("event log", f"one of {', '.join(topics)} is read already")
        for topic in read:
            topic.is_subscribed = True
        try:
            yield MemorySubscription(self, read)
        finally:
            for topic in read:
                topic.is_subscribed = False
                again = [*topic.taken.values(), *topic.waiting]
                topic.taken.clear()
                topic.waiting = deque(Delivery(each.record, each.position, may_be_repeated=True) for each in again)

    async def backlog(self) -> Mapping[str, int]:
        dead = Counter(letter.record.topic + DEAD_LETTER_SUFFIX for letter in self._dead.values())
        alive = {name: len(topic.waiting) + len(topic.taken) for name, topic in self._topics.items()}
        return {name: count for name, count in {**alive, **dead}.items() if count}

    async def prepare(self, topics: Sequence[str]) -> None:
        del topics  # a topic is there as soon as somebody names it

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        first = {
            name: next(iter([*topic.taken.values(), *topic.waiting]), None)
            for name in topics
            if (topic := self._topics.get(name)) is not None
        }
        return {name: sent_at(delivery.record) for name, delivery in first.items() if delivery is not None}

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        return [letter for position, letter in self._dead.items() if position > after][:limit]

    async def redrive(self, positions: Sequence[int]) -> int:
        letters = [self._dead.pop(position) for position in sorted(set(positions)) if position in self._dead]
        for letter in letters:
            self._append(letter.record, may_be_repeated=True)
        self._published.set()
        return len(letters)

    async def discard(self, positions: Sequence[int]) -> int:
        return sum(self._dead.pop(position, None) is not None for position in positions)

    async def _more(self) -> None:
        self._published.clear()
        await self._published.wait()


class MemorySubscription:
    """See `waygrid_shell.ports.event_log.Subscription`."""

    def __init__(self, log: MemoryEventLog, topics: Sequence[_Topic]) -> None:
        self._log = log
        self._topics = topics

    @property
    def partitions(self) -> frozenset[int]:
        return frozenset({0})

    async def reassigned(self) -> None:
        await asyncio.Event().wait()

    async def take(self, limit: int) -> Sequence[Delivery]:
        while True:
            taken: list[Delivery] = []
            for topic in self._topics:
                while topic.waiting and len(taken) < limit:
                    delivery = topic.waiting.popleft()
                    topic.taken[delivery.position] = delivery
                    taken.append(delivery)
            if taken:
                return taken
            await self._log._more()

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            topic = self._log._topics[delivery.record.topic]
            if topic.taken.pop(delivery.position, None) is not None:
                topic.ids.discard(delivery.record.id)
