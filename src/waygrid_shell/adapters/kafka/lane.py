"""What waits to be written to one partition: in the order in which it was given, one batch on its way at a time.

So nothing waits when nothing is on its way, and under load a batch is whatever came while the last one was.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from aiokafka.record.default_records import DefaultRecordBatchBuilder
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
            self.done.exception()  # who waits hears of it; who has been canceled meanwhile will not, and that is fine


class Batch:
    """What is on its way at once, and for whom.

    It is what the driver's `send_batch` takes: as its own `BatchBuilder`, without the detours of that for each record.
    """

    __slots__ = ("_builder", "_bytes", "_count", "shares")

    def __init__(self, limit: int) -> None:
        self._builder: Any = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, limit)
        self._bytes: Any = None
        self._count = 0
        self.shares: list[tuple[Call, int]] = []

    def take(self, call: Call, parcels: Sequence[Parcel], begin: int, now_milliseconds: int) -> int:
        """Take of these as many as there is room for, from number `begin` on; the number of the next one."""
        append, place = self._builder.append, self._count - begin
        number = begin
        for number in range(begin, len(parcels)):
            key, value, headers = parcels[number]
            if append(place + number, now_milliseconds, key, value, headers) is None:
                break
        else:
            number = len(parcels)
        if number > begin:
            self._count += number - begin
            self.shares.append((call, number - begin))
        return number

    def size(self) -> int:
        """In bytes, once it is on its way."""
        return 0 if self._bytes is None else len(self._bytes)

    # What the driver asks

    def record_count(self) -> int:
        """How many records it has."""
        return self._count

    def closed(self) -> bool:
        """Nothing comes to it any more."""
        return True

    def close(self) -> None:
        """It is."""

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._builder.set_producer_state(producer_id, producer_epoch, base_sequence)

    def _build(self) -> Any:
        if self._bytes is None:
            self._bytes = self._builder.build()
            self._builder = None
        return self._bytes


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

    def fill(self, now_milliseconds: int) -> Batch:
        """Take from the front as much as goes into a batch, at least one record. There must be some."""
        batch = Batch(self.limit)
        while self.waiting:
            call, parcels = self.waiting[0]
            self._begun = batch.take(call, parcels, self._begun, now_milliseconds)
            if self._begun < len(parcels):
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
