"""What waits to be written to one partition: in the order in which it was given, one batch on its way at a time.

So nothing waits when nothing is on its way, and under load a batch is whatever came while the last one was.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from attrs import define, field

from waygrid_shell.adapters.kafka.record import Headers

MAX_BATCH_BYTES: Final = 768 * 1024
"""Brokers take 1 MiB where nobody has said otherwise (message.max.bytes)."""

MIN_BATCH_BYTES: Final = 4 * 1024

Parcel: TypeAlias = tuple[bytes, bytes, Headers]
"""Key, value and headers of a record."""


@define(eq=False)
class Call:
    """A call of `publish`: done once all its records are with the brokers."""

    left: int
    done: "asyncio.Future[None]"

    def arrived(self, count: int) -> None:
        """So many of its records have."""
        self.left -= count
        if self.left == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """They may or may not have."""
        if not self.done.done():
            self.done.set_exception(error)


@define(eq=False)
class Batch:
    """What is on its way at once, and for whom."""

    builder: Any
    shares: list[tuple[Call, int]]


@define(eq=False)
class Lane:
    """The lane of one partition."""

    topic: str
    partition: int
    limit: int = MAX_BATCH_BYTES
    """A batch has at most so many bytes, or one record."""
    waiting: deque[tuple[Call, Sequence[Parcel]]] = field(factory=deque)
    under_way: Batch | None = None
    _begun: int = 0
    """So many of the records that wait first are on their way already."""

    def put(self, call: Call, parcels: Sequence[Parcel]) -> None:
        """Behind everything that waits."""
        self.waiting.append((call, parcels))

    def fill(self, builder: Any, now_milliseconds: int) -> Batch:
        """Take from the front as much as goes into a batch, at least one record. There must be some."""
        batch = Batch(builder, [])
        append, limit = builder.append, self.limit
        is_narrow = limit < MAX_BATCH_BYTES
        while self.waiting:
            call, parcels = self.waiting[0]
            begun = taken = self._begun
            for key, value, headers in parcels[begun:] if begun else parcels:
                if is_narrow and batch_is_full(builder, len(value), limit):
                    break
                if append(timestamp=now_milliseconds, key=key, value=value, headers=headers) is None:
                    break
                taken += 1
            if taken > begun:
                batch.shares.append((call, taken - begun))
            if taken < len(parcels):
                self._begun = taken
                break
            self._begun = 0
            self.waiting.popleft()
        return batch

    def clear(self, error: Exception) -> None:
        """Give up what waits and what is on its way."""
        calls = [call for call, _ in self.waiting]
        if self.under_way is not None:
            calls += (call for call, _ in self.under_way.shares)
        self.waiting.clear()
        self.under_way = None
        self._begun = 0
        for call in calls:
            call.fail(error)


def batch_is_full(builder: Any, more: int, limit: int) -> bool:
    """Whether a record of so many bytes would be too much; the first never is."""
    return bool(builder.record_count()) and builder.size() + more > limit
