"""The log of messages between services."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope


@frozen(eq=False)
class Delivery:
    """A record that was taken and is not yet acknowledged.

    `position` is the adapter's own. `may_be_repeated`: whether an earlier subscription may have taken it already.
    """

    record: TransportEnvelope
    position: int
    may_be_repeated: bool


@frozen
class DeadLetter:
    """A record that nobody could handle. `position` names it among dead letters; a later one has a higher one."""

    position: int
    record: TransportEnvelope
    """As it was when it was taken: with its own topic, and `reason` not in its headers."""
    reason: str


class Subscription(Protocol):
    """The one reader of its topics."""

    async def take(self, limit: int) -> Sequence[Delivery]:
        """The next records, at least one and at most `limit`; waits until there is one.

        What it gave once it does not give again.
        """
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Say that these are done with, in whatever order. Once it returns they will never be given again.

        It may take its time: who is in a hurry does not wait for it.
        """
        ...


class EventLog(Protocol):
    """Carries records from service to service.

    - What `publish` returned from is kept, and is given to a subscription of its topic, before or after a crash.
    - A batch is published whole or not at all.
    - A record that was taken and not acknowledged is given again to the next subscription of its topic.
    - Records of one topic and key come in the order of publishing; a record given again keeps its place.
    - A record published to the dead-letter topic of a topic is kept there, for people, until it is redriven or
      discarded. `core.envelope.transport.dead_letter` makes it.
    - A record whose topic holds an unacknowledged one of the same id may be dropped: ids name messages.
    """

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        """Append the records. Raises `StorageFull` or `Unavailable`."""
        ...

    def subscribe(self, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        """Read these topics. At most one subscription a topic at a time; a second raises `Unavailable`."""
        ...

    async def backlog(self) -> Mapping[str, int]:
        """How many records of each topic are not acknowledged; topics without any are absent."""
        ...

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        """The dead letters whose position is higher than `after`, lowest first, of all topics."""
        ...

    async def redrive(self, positions: Sequence[int]) -> int:
        """Move these to the ends of the topics that they came from; how many there were. All or none are moved."""
        ...

    async def discard(self, positions: Sequence[int]) -> int:
        """Remove these for good; how many there were."""
        ...
