"""The book of timers."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Protocol

from attrs import frozen

from waygrid_core.model.identifiers import TimerId, TraversalId


@frozen
class Timer:
    """A timer that is set. `partition` is that of the request for it: whoever reads that partition fires it."""

    id: TimerId
    traversal: TraversalId
    due: datetime
    partition: int = 0


class TimerBook(Protocol):
    """Remembers timers until they are unset.

    - What `write` returned from is kept through a crash; a batch is written whole or not at all.
    - Setting a timer again moves it, to its new partition too; unsetting one that is not set changes nothing.
    - A book beside a log of one partition need not keep which one it is: all are in it.
    """

    async def write(self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId]) -> None:
        """Set and unset; no timer is in both. Raises `StorageFull` or `Unavailable`."""
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
