"""The log of messages between services."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope


@frozen(eq=False)
class Delivery:
    """A record that was taken and is not yet acknowledged.

    `position` is the adapter's own. `may_be_repeated`: whether an earlier subscription may have taken it already.
    `partition` is that of its key in its topic. `offset` says where it stands there, the same to every reader, now and
    later: what comes after it has a higher one. A log that only ever has one reader need not know it: None.
    """

    record: TransportEnvelope
    position: int
    may_be_repeated: bool
    partition: int = 0
    offset: int | None = None


@frozen
class DeadLetter:
    """A record that nobody could handle. `position` names it among dead letters; a later one has a higher one."""

    position: int
    record: TransportEnvelope
    """As it was when it was taken: with its own topic, and `reason` not in its headers."""
    reason: str


class Subscription(Protocol):
    """The one reader of its partitions of its topics."""

    @property
    def partitions(self) -> frozenset[int]:
        """Those that it reads now. Every key of a topic belongs to one of them, and no key to two."""
        ...

    @property
    def generation(self) -> int:
        """How often partitions have been given to it or taken from it: it rises, and never where it is the one reader.

        When `take` returns, this is the generation of what it gives. What is kept in memory of records of an earlier
        one is stale: others may have handled what came after them, even of a partition that has come back.
        """
        ...

    async def reassigned(self) -> None:
        """Return once `generation` has risen since this returned last; where there is one reader for ever, never."""
        ...

    async def take(self, limit: int) -> Sequence[Delivery]:
        """The next records, at least one and at most `limit`; waits until there is one.

        What it gave once it does not give again, unless its partition was taken away meanwhile and has come back: then
        what is not acknowledged comes again, as what may be repeated.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Say that these are done with, in whatever order. Once it returns they will not be given again.

        But a log that keeps one position a partition gives them again after a crash or a reassignment while an earlier
        record of their partition is not acknowledged. It may take its time: who is in a hurry does not wait for it.
        What came of a partition that was taken away meanwhile is passed over.
        """
        ...


class EventLog(Protocol):
    """Carries records from service to service.

    - What `publish` returned from is kept, and is given to a subscription of its topic, before or after a crash.
    - Of a batch whose publishing failed, or whose caller gave up, any part may have been published. Published again, it
      is the same messages: ids name them.
    - A record that was taken and not acknowledged is given again to the next subscription of its partition.
    - The partitions of a topic are shared among its subscriptions. A log of one process has one partition, and at most
      one subscription a topic at a time: there a second one raises `Unavailable`.
    - Records of one topic and key come in the order of publishing; a record given again keeps its place.
    - A record published to the dead-letter topic of a topic is kept there, for people, until it is redriven or
      discarded. `core.envelope.transport.dead_letter` makes it.
    - A record whose topic holds an unacknowledged one of the same id may be dropped: ids name messages.
    """

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        """Append the records. Raises `StorageFull` or `Unavailable`."""
        ...

    async def prepare(self, topics: Sequence[str]) -> None:
        """Have these topics, so that records can be published to them. Raises `Unavailable` if they cannot be had."""
        ...

    def subscribe(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        """Read these topics, or the share of their partitions that falls to this subscription. Raises `Unavailable`."""
        ...

    async def backlog(self) -> Mapping[str, int]:
        """How many records of each topic are not acknowledged; topics without any are absent."""
        ...

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        """When the oldest record of each of these topics was sent that is not acknowledged; absent where there is none.

        So whatever was sent to a topic before that has been handled.
        """
        ...

    async def ends(self, topic: str) -> Mapping[int, int]:
        """By partition of the topic, the offset that the next record gets at least; empty where records have none.

        Where it is lower than what a reader has seen, the partition was made anew, or has lost its end.
        """
        ...

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        """The dead letters whose position is higher than `after`, lowest first, of all topics."""
        ...

    async def redrive(self, positions: Sequence[int]) -> int:
        """Move these to the ends of the topics that they came from; how many there were.

        Raises `StorageFull` or `Unavailable`. Then any of them may have been sent, and those may still be here: nothing
        is lost, and what is redriven again has the same ids.
        """
        ...

    async def discard(self, positions: Sequence[int]) -> int:
        """Remove these for good; how many there were."""
        ...
