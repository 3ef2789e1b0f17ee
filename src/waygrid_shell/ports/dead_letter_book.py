"""The book of dead letters, for a log that cannot find or remove a single record by itself."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.event_log import DeadLetter


@frozen
class FoundLetter:
    """A dead letter as it stands in the log: record number `offset` of a partition of its dead-letter topic.

    `record` is as it was when it was taken, with its own topic, and `reason` not in its headers.
    """

    partition: int
    offset: int
    record: TransportEnvelope
    reason: str


class DeadLetterBook(Protocol):
    """Keeps dead letters by position, and how far each partition of each dead-letter topic has been read into it.

    What `enter` returned from is kept through a crash; a letter that was entered and removed is not entered again.
    """

    async def progress(self) -> Mapping[tuple[str, int], int]:
        """By the topic that the letters were for and the partition: the offset of the first letter not entered yet."""
        ...

    async def enter(self, letters: Sequence[FoundLetter]) -> None:
        """Enter these, in order, and remember that they were; letters before the progress are passed over."""
        ...

    async def read(self, *, after: int, limit: int) -> Sequence[DeadLetter]:
        """The letters whose position is higher than `after`, lowest first."""
        ...

    async def get(self, positions: Sequence[int]) -> Sequence[DeadLetter]:
        """These letters, lowest position first; those that are not there are left out."""
        ...

    async def remove(self, positions: Sequence[int]) -> int:
        """Remove these; how many there were."""
        ...

    async def count(self) -> Mapping[str, int]:
        """How many there are of each topic that they were for; topics without any are absent."""
        ...
