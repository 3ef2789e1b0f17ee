"""What the driver has fetched, taken from it without its detours.

Its own way makes an object of eleven fields of each record, never looks whether the task that fetches has ended, and
stands still for good at a record whose headers have names that are no text. So this looks inside: the version of the
driver is pinned.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CorruptRecordException
from attrs import frozen

UNREADABLE: Final = "waygrid-unreadable"
"""The header of what stands for a record that cannot be read at all."""


@frozen
class UnreadableRecord:
    """Stands where a record stands that cannot be read."""

    offset: int
    timestamp: int
    headers: tuple[tuple[str, bytes], ...]
    key: bytes | None = None
    value: bytes | None = None


@frozen(eq=False)
class Fetched:
    """Records of a partition, in order, and the offset after the last one."""

    partition: Any
    records: list[Any]
    end: int


async def wait_for_more(consumer: Any, broken: "asyncio.Future[None]") -> None:
    """Return once more has been fetched, or `broken` is done. Raises `KafkaError`."""
    consumer._coordinator.check_errors()
    waiter = consumer._fetcher._create_fetch_waiter()
    with consumer._subscription.fetch_context():
        try:
            await asyncio.wait((waiter, broken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not waiter.done():
                waiter.cancel()
    if not waiter.cancelled():
        waiter.result()


def has_more(consumer: Any) -> bool:
    """Whether something has been fetched that was not taken."""
    return bool(consumer._fetcher._records)


def take_fetched(consumer: Any) -> Iterator[Fetched]:
    """All of it. Raises `KafkaError` where the driver could not fetch from a partition."""
    fetcher = consumer._fetcher
    waiting = fetcher._records
    for partition in list(waiting):
        result = waiting.pop(partition)
        fetcher._notify(fetcher._wait_consume_future)  # there is room to fetch more of it
        if not isinstance(result, FetchResult):
            result.check_raise()
            continue
        if not result.check_assignment(partition):
            continue
        unread = result._partition_records
        records, end = _records_of(unread._records, unread.next_fetch_offset)
        result._assignment.state_value(partition).consumed_to(end)
        if records:
            yield Fetched(partition, records, end)


def _records_of(batches: Any, begin: int) -> tuple[list[Any], int]:
    """Those from the offset `begin` on. What was fetched begins with a whole batch, however little of it is new."""
    records: list[Any] = []
    end = begin
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"the batch at offset {batch.base_offset} does not fit its checksum")
        if not batch.is_control_batch:
            count = len(records)
            try:
                if batch.base_offset >= end:
                    records.extend(batch)
                else:
                    records.extend(record for record in batch if record.offset >= end)
            except UnicodeDecodeError as error:
                reached = records[-1].offset + 1 if len(records) > count else max(batch.base_offset, end)
                records.extend(_unreadable(reached, batch, error))
        end = batch.next_offset
    return records, end


def _unreadable(reached: int, batch: Any, error: UnicodeDecodeError) -> Iterator[UnreadableRecord]:
    """What is left of a batch after such a record cannot be read either; whoever wrote one wrote them all."""
    headers = ((UNREADABLE, f"the name of a header is no text: {error}".encode()),)
    return (UnreadableRecord(offset, batch.max_timestamp, headers) for offset in range(reached, batch.next_offset))
