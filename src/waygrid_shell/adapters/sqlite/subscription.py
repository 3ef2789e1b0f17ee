"""The one reader of its topics, in SQLite.

Two sources feed one buffer, never both at a time: while it is behind, the table; else what is handed over. Both change
it in callbacks of the database, which come in the order of the commits, so that nothing falls between.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from attrs import define

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import delete_rows, insert_rows
from waygrid_shell.adapters.sqlite.message_batch import PLACES, records_of
from waygrid_shell.ports.event_log import Delivery

BUFFERED: Final = 10_000
"""Records that a subscription holds in memory for who takes them."""

_ROWS_AT_ONCE: Final = 32

_Row: TypeAlias = tuple[int, str, bool, bytes, bytes | None]


@define(eq=False)
class _Open:
    """A row that was given, and is not acknowledged as a whole; bit n stands for its record n."""

    count: int
    acknowledged: int

    @property
    def is_done(self) -> bool:
        return self.acknowledged == (1 << self.count) - 1


class SqliteSubscription:
    """See `waygrid_shell.ports.event_log.Subscription`."""

    def __init__(self, database: Database, topics: Sequence[str]) -> None:
        self._database = database
        self._topics = tuple(topics)
        self._buffer: deque[Delivery] = deque()
        self._open: dict[int, _Open] = {}
        self._read_up_to = 0
        self._old_up_to = 0
        self._is_behind = True
        self._more = asyncio.Event()

    @property
    def partitions(self) -> frozenset[int]:
        return frozenset({0})

    @property
    def generation(self) -> int:
        return 0

    async def reassigned(self) -> None:
        await asyncio.Event().wait()

    async def take(self, limit: int) -> Sequence[Delivery]:
        while not self._buffer:
            if self._is_behind:
                await self._read()
            else:
                self._more.clear()
                await self._more.wait()
        return [self._buffer.popleft() for _ in range(min(limit, len(self._buffer)))]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        touched: dict[int, _Open] = {}
        for delivery in deliveries:
            number, place = divmod(delivery.position, PLACES)
            row = self._open.get(number)
            if row is not None:
                row.acknowledged |= 1 << place
                touched[number] = row
        done = [number for number, row in touched.items() if row.is_done]
        for number in done:
            del self._open[number]
        partly = [
            (number, row.acknowledged.bit_count(), row.acknowledged.to_bytes(PLACES // 8, "little"))
            for number, row in touched.items()
            if not row.is_done
        ]

        def job(connection: sqlite3.Connection) -> None:
            delete_rows(connection, "DELETE FROM message_batch WHERE number IN ({})", done)
            delete_rows(connection, "DELETE FROM message_acknowledged WHERE number IN ({})", done)
            insert_rows(connection, "INSERT OR REPLACE INTO message_acknowledged", partly)

        if touched:
            await self._database.run_patiently(job)

    def hand_over(self, number: int, records: Sequence[TransportEnvelope], may_be_repeated: bool) -> None:
        """What was just committed, as the row `number`."""
        if self._is_behind:
            return  # the table has it
        if len(self._buffer) >= BUFFERED:
            self._is_behind = True
            return
        self._give(number, records, 0, may_be_repeated)
        self._more.set()

    async def find_old(self) -> None:
        """What lies in the table before this subscription began may have been taken by an earlier one."""
        query = "SELECT coalesce(max(number), 0) FROM message_batch"
        self._old_up_to = await self._database.run(lambda connection: connection.execute(query).fetchone()[0])

    async def _read(self) -> None:
        next_numbers = (
            f"SELECT number FROM message_batch WHERE topic IN ({', '.join('?' * len(self._topics))}) AND number > ?"
            " ORDER BY number LIMIT ?"
        )
        query = (
            "SELECT number, topic, may_be_repeated, content, places FROM message_batch"
            f" LEFT JOIN message_acknowledged USING (number) WHERE number IN ({next_numbers}) ORDER BY number"
        )

        def job(connection: sqlite3.Connection) -> list[_Row]:
            values: tuple[Any, ...] = (*self._topics, self._read_up_to, _ROWS_AT_ONCE)
            return connection.execute(query, values).fetchall()

        def fill(rows: list[_Row]) -> None:
            for number, topic, may_be_repeated, content, places in rows:
                acknowledged = 0 if places is None else int.from_bytes(places, "little")
                is_old = bool(may_be_repeated) or number <= self._old_up_to
                self._give(number, list(records_of(topic, content)), acknowledged, is_old)
            self._is_behind = len(rows) == _ROWS_AT_ONCE

        await self._database.run(job, then=fill)

    def _give(
        self, number: int, records: Sequence[TransportEnvelope], acknowledged: int, may_be_repeated: bool
    ) -> None:
        self._open[number] = _Open(len(records), acknowledged)
        self._read_up_to = number
        first = number * PLACES
        self._buffer.extend(
            Delivery(record, first + place, may_be_repeated)
            for place, record in enumerate(records)
            if not acknowledged >> place & 1
        )
