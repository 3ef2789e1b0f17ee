"""The event log in SQLite: a table of what is not acknowledged.

What is published in this process is handed to its subscription after the commit, so a subscription that keeps up
never reads the table. One that falls behind by more than `BUFFERED` records reads from the table again.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson

from waygrid_core.envelope.transport import DEAD_LETTER_REASON, TransportEnvelope
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.ports.event_log import DeadLetter, Delivery
from waygrid_shell.ports.failure import Unavailable

BUFFERED = 10_000
"""Records that a subscription holds in memory."""

_READ_AT_ONCE: Final = 1_000
_LETTER: Final = "position, topic, key, headers, value, reason"


class SqliteEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: dict[str, SqliteSubscription] = {}

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        if records:
            job, then = self.publishing(records)
            await self._database.run(job, then=then)

    def publishing(self, records: Sequence[TransportEnvelope]) -> tuple[Job[list[int]], Callable[[list[int]], None]]:
        """The job of `publish`, and what is to be done with its result once it is committed."""
        alive = [record for record in records if not record.topic.endswith(DEAD_LETTER_SUFFIX)]
        dead = [_buried(record) for record in records if record.topic.endswith(DEAD_LETTER_SUFFIX)]
        rows = [
            (record.topic, record.id, record.key, orjson.dumps(record.headers).decode(), record.value)
            for record in alive
        ]

        def job(connection: sqlite3.Connection) -> list[int]:
            if dead:
                connection.executemany(
                    "INSERT OR IGNORE INTO dead_letter (topic, id, key, headers, value, reason)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    dead,
                )
            positions = []
            for row in rows:
                cursor = connection.execute(
                    "INSERT OR IGNORE INTO message (topic, id, key, headers, value) VALUES (?, ?, ?, ?, ?)", row
                )
                positions.append(cursor.lastrowid if cursor.rowcount == 1 and cursor.lastrowid is not None else 0)
            return positions

        def hand_over(positions: list[int]) -> None:
            for record, position in zip(alive, positions, strict=True):
                reader = self._readers.get(record.topic)
                if position and reader is not None:
                    reader._hand_over(Delivery(record, position, may_be_repeated=False))

        return job, hand_over

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
        query = (
            "SELECT topic, count(*) FROM message GROUP BY topic"
            f" UNION ALL SELECT topic || '{DEAD_LETTER_SUFFIX}', count(*) FROM dead_letter GROUP BY topic"
        )
        return await self._database.run(lambda connection: dict(connection.execute(query).fetchall()))

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        query = f"SELECT {_LETTER} FROM dead_letter WHERE position > ? ORDER BY position LIMIT ?"
        rows = await self._database.run(lambda connection: connection.execute(query, (after, limit)).fetchall())
        return [_letter(row) for row in rows]

    async def redrive(self, positions: Sequence[int]) -> int:
        def job(connection: sqlite3.Connection) -> int:
            query = f"DELETE FROM dead_letter WHERE position = ? RETURNING {_LETTER}"
            rows = [connection.execute(query, (position,)).fetchone() for position in sorted(set(positions))]
            letters = [_letter(row) for row in rows if row is not None]
            connection.executemany(
                "INSERT OR IGNORE INTO message (topic, id, key, headers, value) VALUES (?, ?, ?, ?, ?)",
                [
                    (each.topic, each.id, each.key, orjson.dumps(each.headers).decode(), each.value)
                    for each in (letter.record for letter in letters)
                ],
            )
            return len(letters)

        def wake(_: int) -> None:
            for reader in self._readers.values():
                reader._fall_behind()

        return await self._database.run(job, then=wake)

    async def discard(self, positions: Sequence[int]) -> int:
        rows = [(position,) for position in positions]
        return await self._database.write("DELETE FROM dead_letter WHERE position = ?", rows) if rows else 0


def _buried(record: TransportEnvelope) -> tuple[Any, ...]:
    """The row of a dead letter: the record as it was, and why it died."""
    headers = {name: value for name, value in record.headers.items() if name != DEAD_LETTER_REASON}
    topic = record.topic.removesuffix(DEAD_LETTER_SUFFIX)
    reason = record.headers.get(DEAD_LETTER_REASON, "")
    return topic, record.id, record.key, orjson.dumps(headers).decode(), record.value, reason


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    position, topic, key, headers, value, reason = row
    record = TransportEnvelope(topic=topic, key=key, headers=orjson.loads(headers), value=value)
    return DeadLetter(position, record, reason)


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

    def _fall_behind(self) -> None:
        """There is something in the table that is not handed over."""
        self._is_behind = True
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
