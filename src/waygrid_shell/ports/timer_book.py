"""The book of timers."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from attrs import frozen

from waygrid_core.model.identifiers import TimerId, TraversalId


@frozen
class Timer:
    """A timer that is set. `partition` is that of the request for it: whoever reads that partition fires it."""

    id: TimerId
    traversal: TraversalId
    due: datetime
    partition: int = 0


@frozen
class Stretch:
    """Requests of one partition, in a row: those from offset `begin` on that stand before `end`."""

    begin: int
    end: int


NOTHING_READ: Final[Mapping[int, Stretch]] = MappingProxyType({})


class TimerBook(Protocol):
    """Remembers timers until they are unset.

    - What `write` returned from is kept through a crash; a batch is written whole or not at all.
    - Setting a timer again moves it, to its new partition too; unsetting one that is not set changes nothing.
    - The book knows how far the requests of each partition are written down, in the same step as what they asked for.
      So requests are written down once, whoever reads them how often: one that was paused, and whose partition has
      another reader meanwhile, is told so instead of setting what that one has unset.
    - A book beside a log of one partition and one reader need not keep which partition it is, nor how far it is read.
    """

    async def write(
        self,
        *,
        to_set: Sequence[Timer],
        to_unset: Sequence[TimerId],
        read: Mapping[int, Stretch] = NOTHING_READ,
    ) -> None:
        """Set and unset; no timer is in both. `read` are the requests that ask for it, by partition.

        Raises `VersionConflict` if a partition is not written down up to where its stretch begins: another has written,
        and nothing of this is done. Raises `StorageFull` or `Unavailable`.
        """
        ...

    async def unset(self, timers: Sequence[Timer]) -> None:
        """Unset those of these that are still set for that instant: one that was moved meanwhile stays.

        Raises `StorageFull` or `Unavailable`.
        """
        ...

    async def read_up_to(self, partitions: Set[int]) -> Mapping[int, int]:
        """Up to which offset the requests of these partitions are written down: the first that is not; 0 at first."""
        ...

    async def move_strays(self, partitions: Set[int], to: int) -> int:
        """Give the timers of all partitions but these to partition `to`; how many they were.

        So those fire whose partition is no more. Raises `StorageFull` or `Unavailable`.
        """
        ...

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        """At most `limit` timers of these partitions whose instant is not after `now`.

        The earliest first, then in order of setting.
        """
        ...

    async def next_due(self, partitions: Set[int]) -> datetime | None:
        """When the earliest timer of these partitions is due; None if none is set."""
        ...

    async def are_set(self, timers: Sequence[TimerId]) -> Set[TimerId]:
        """Those of `timers` that are set."""
        ...

    async def count(self) -> int:
        """How many are set."""
        ...
