"""The event log in memory, with as many partitions and readers as one likes.

What can go wrong among the readers of a real log can be made to happen here: partitions move (`rebalance`), and a
reader that has lost its partitions does not know it yet (`make_zombie`, `wake`).
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from enum import Enum

from attrs import define, field

from waygrid_core.envelope.transport import TransportEnvelope, before_death
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.adapters.memory.partition import Partition
from waygrid_shell.adapters.memory.subscription import MemorySubscription
from waygrid_shell.hosting.post import sent_at
from waygrid_shell.ports.event_log import DeadLetter, Delivery
from waygrid_shell.ports.failure import Unavailable


class Keeping(Enum):
    """What a log remembers of the records that its readers have not all acknowledged."""

    EACH_RECORD = "each record by itself; one whose id is there already is dropped"
    ONE_POSITION = "one position a partition, up to which all are acknowledged; ids mean nothing to it"


@define(eq=False)
class _Topic:
    partitions: list[Partition]
    readers: list[MemorySubscription] = field(factory=list)
    """In the order in which they came; partition n is read by number (n + turn) of them."""
    zombies: set[MemorySubscription] = field(factory=set)
    turn: int = 0
    ids: set[str] = field(factory=set)
    """Of all that is not acknowledged."""


class MemoryEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`; it lives as long as the object. `partitions` is for each topic."""

    def __init__(self, partitions: int = 1, keeping: Keeping = Keeping.EACH_RECORD) -> None:
        self._partitions = partitions
        self._keeping = keeping
        self._topics: dict[str, _Topic] = {}
        self._dead: dict[int, DeadLetter] = {}
        self._positions = 0

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        for record in records:
            if record.topic.endswith(DEAD_LETTER_SUFFIX):
                self._bury(record)
            else:
                self._append(record, may_be_repeated=False)

    def _append(self, record: TransportEnvelope, *, may_be_repeated: bool) -> None:
        topic = self._topic(record.topic)
        if self._keeping is Keeping.EACH_RECORD and record.id:
            if record.id in topic.ids:
                return
            topic.ids.add(record.id)
        self._positions += 1
        partition = self._partition_of(record.key)
        delivery = Delivery(record, self._positions, may_be_repeated, partition, self._positions)
        topic.partitions[partition].append(delivery)

    def _partition_of(self, key: str) -> int:
        """The same in every process, and next year."""
        return 0 if self._partitions == 1 else int(digest_hex(key.encode())[:8], 16) % self._partitions

    def _topic(self, name: str) -> _Topic:
        topic = self._topics.get(name)
        if topic is None:
            is_in_order = self._keeping is Keeping.ONE_POSITION
            numbers = range(self._partitions)
            topic = self._topics[name] = _Topic([Partition(number, is_in_order=is_in_order) for number in numbers])
        return topic

    def _bury(self, record: TransportEnvelope) -> None:
        self._positions += 1
        self._dead[self._positions] = DeadLetter(self._positions, *before_death(record))

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[MemorySubscription]:
        read = [self._topic(topic) for topic in topics]
        if self._partitions == 1 and any(topic.readers for topic in read):
            raise Unavailable("event log", f"one of {', '.join(topics)} is read already")
        subscription = MemorySubscription(self._acknowledge)
        for topic in read:
            topic.readers.append(subscription)
            _share(topic)
        subscription.begin()
        try:
            yield subscription
        finally:
            for topic in read:
                topic.zombies.discard(subscription)
                if subscription in topic.readers:
                    topic.readers.remove(subscription)
                for partition in topic.partitions:
                    partition.shadows.pop(subscription, None)
                _share(topic)

    def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            topic = self._topics[delivery.record.topic]
            for finished in topic.partitions[delivery.partition].acknowledge(delivery):
                topic.ids.discard(finished.record.id)

    # --- what happens to readers

    def readers(self, topic: str) -> Sequence[MemorySubscription]:
        """Those that share the topic now, in the order in which they came."""
        return tuple(self._topic(topic).readers)

    def has_given(self, delivery: Delivery) -> bool:
        """Whether the reader of its partition was given it, and has not acknowledged it."""
        return self._topic(delivery.record.topic).partitions[delivery.partition].has_given(delivery)

    def rebalance(self, topic: str) -> None:
        """Take all partitions from their readers, and give each to the next one; a lone reader gets its own again."""
        shared = self._topic(topic)
        for partition in shared.partitions:
            partition.give_to(None)
        shared.turn += 1
        _share(shared)

    def make_zombie(self, topic: str, subscription: MemorySubscription) -> None:
        """It loses its partitions of the topic and goes on as if it had them: it even sees what comes to them."""
        shared = self._topic(topic)
        shared.readers.remove(subscription)
        shared.zombies.add(subscription)
        for partition in shared.partitions:
            if partition.owner is subscription:
                partition.shadows[subscription] = None
                subscription.haunt(partition)
                partition.take_silently()
        _share(shared)

    def wake(self, topic: str, subscription: MemorySubscription) -> None:
        """The zombie hears what happened to it, and takes part again; nothing happens if it has gone."""
        shared = self._topic(topic)
        if subscription not in shared.zombies:
            return
        shared.zombies.discard(subscription)
        for partition in shared.partitions:
            if subscription in partition.shadows:
                partition.shadows.pop(subscription, None)
                subscription.lose(partition)
        shared.readers.append(subscription)
        _share(shared)

    # --- what is there

    async def backlog(self) -> Mapping[str, int]:
        dead = Counter(letter.record.topic + DEAD_LETTER_SUFFIX for letter in self._dead.values())
        alive = {name: sum(each.count for each in topic.partitions) for name, topic in self._topics.items()}
        return {name: count for name, count in {**alive, **dead}.items() if count}

    async def prepare(self, topics: Sequence[str]) -> None:
        del topics  # a topic is there as soon as somebody names it

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        known = {name: self._topics[name] for name in topics if name in self._topics}
        first = {name: [each.first for each in topic.partitions] for name, topic in known.items()}
        sent = {name: [sent_at(each.record) for each in found if each is not None] for name, found in first.items()}
        return {name: min(instants) for name, instants in sent.items() if instants}

    async def ends(self, topic: str) -> Mapping[int, int]:
        del topic  # all topics count together
        return dict.fromkeys(range(self._partitions), self._positions + 1)

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        return [letter for position, letter in self._dead.items() if position > after][:limit]

    async def redrive(self, positions: Sequence[int]) -> int:
        letters = [self._dead.pop(position) for position in sorted(set(positions)) if position in self._dead]
        for letter in letters:
            self._append(letter.record, may_be_repeated=True)
        return len(letters)

    async def discard(self, positions: Sequence[int]) -> int:
        return sum(self._dead.pop(position, None) is not None for position in positions)


def _share(topic: _Topic) -> None:
    """Give each partition to its reader; only those that have another one than before move."""
    readers = topic.readers
    for partition in topic.partitions:
        partition.give_to(readers[(partition.number + topic.turn) % len(readers)] if readers else None)
