"""The event log in SQLite: a table of what is not acknowledged.

What is published in this process is handed to its subscription after the commit, so a subscription that keeps up
never reads the table. One that falls behind by more than `BUFFERED` records reads from the table again.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import orjson

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.ports.failure import Unavailable

BUFFERED = 10_000
"""Records that a subscription holds in memory."""

_READ_AT_ONCE = 1_000


class SqliteEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: dict[str, SqliteSubscription] = {}

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        if not records:
            return
        rows = [
            (record.topic, record.id, record.key, orjson.dumps(record.headers).decode(), record.value)
            for record in records
        ]

        def job(connection: sqlite3.Connection) -> list[int]:
            positions = []
            for row in rows:
                cursor = connection.execute(
                    "INSERT OR IGNORE INTO message (topic, id, key, headers, value) VALUES (?, ?, ?, ?, ?)", row
                )
                positions.append(cursor.lastrowid if cursor.rowcount == 1 and cursor.lastrowid is not None else 0)
            return positions

        def hand_over(positions: list[int]) -> None:
            for record, position in zip(records, positions, strict=True):
                reader = self._readers.get(record.topic)
                if position and reader is not None:
                    reader._hand_over(Delivery(record, position, may_be_repeated=False))

        await self._database.run(job, then=hand_over)

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator["SqliteSubscription"]:
        if any(topic in self._readers for topic in topics):
            raise Unavailable("event log", f"one of {', '.join(topics)} is read already")
        reader = SqliteSubscription(self._database, topics)
        self._readers.update(dict.fromkeys(topics, reader))
        try:
            await reader._find_old()
            yield reader
        finally:
            for topic in topics:
                del self._readers[topic]

    async def backlog(self) -> Mapping[str, int]:
        return await self._database.run(
            lambda connection: dict(connection.execute("SELECT topic, count(*) FROM message GROUP BY topic").fetchall())
        )


class SqliteSubscription:
    """See `waygrid_shell.ports.event_log.Subscription`.

    Two sources feed one buffer, never both at a time: while it is behind, the table; else what is handed over. Both
    change it in callbacks of the database, which come in the order of the commits, so that nothing falls between.
    """

    def __init__(self, database: Database, topics: Sequence[str]) -> None:
        self._database = database
        self._topics = tuple(topics)
        self._buffer: deque[Delivery] = deque()
        self._read_up_to = 0
        self._old_up_to = 0
        self._is_behind = True
        self._more = asyncio.Event()

    async def take(self, limit: int) -> Sequence[Delivery]:
        while not self._buffer:
            if self._is_behind:
                await self._read()
            else:
                self._more.clear()
                await self._more.wait()
        return [self._buffer.popleft() for _ in range(min(limit, len(self._buffer)))]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        positions = [(delivery.position,) for delivery in deliveries]
        await self._database.write_patiently("DELETE FROM message WHERE position = ?", positions)

    async def _find_old(self) -> None:
        """What lies in the table before this subscription began may have been taken by an earlier one."""
        query = "SELECT coalesce(max(position), 0) FROM message"
        self._old_up_to = await self._database.run(lambda connection: connection.execute(query).fetchone()[0])

    def _hand_over(self, delivery: Delivery) -> None:
        if self._is_behind:
            return  # the table has it
        if len(self._buffer) >= BUFFERED:
            self._is_behind = True
            return
        self._buffer.append(delivery)
        self._read_up_to = delivery.position
        self._more.set()

    async def _read(self) -> None:
        marks = ", ".join("?" * len(self._topics))
        query = (
            "SELECT position, topic, key, headers, value FROM message"
            f" WHERE topic IN ({marks}) AND position > ? ORDER BY position LIMIT ?"
        )

        def job(connection: sqlite3.Connection) -> list[tuple[int, str, str, str, bytes]]:
            return connection.execute(query, (*self._topics, self._read_up_to, _READ_AT_ONCE)).fetchall()

        def fill(rows: list[tuple[int, str, str, str, bytes]]) -> None:
            for position, topic, key, headers, value in rows:
                record = TransportEnvelope(topic=topic, key=key, headers=orjson.loads(headers), value=value)
                self._buffer.append(Delivery(record, position, may_be_repeated=position <= self._old_up_to))
                self._read_up_to = position
            self._is_behind = len(rows) == _READ_AT_ONCE

        await self._database.run(job, then=fill)
