"""The event log in SQLite: a table of what is not acknowledged, many records a row.

What is published in this process is handed to its subscription after the commit, so a subscription that keeps up
never reads the table. One that falls behind by more than `BUFFERED` records reads from the table again.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import orjson

from waygrid_core.envelope.transport import TransportEnvelope, before_death
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.adapters.sqlite.many_rows import delete_rows, insert_rows
from waygrid_shell.adapters.sqlite.message_batch import MessageBatch, batches_of, records_of
from waygrid_shell.adapters.sqlite.subscription import SqliteSubscription
from waygrid_shell.hosting.post import sent_at
from waygrid_shell.ports.event_log import DeadLetter
from waygrid_shell.ports.failure import Unavailable

_LETTER: Final = "position, topic, key, headers, value, reason"


class SqliteEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: dict[str, SqliteSubscription] = {}
        self._last_number = -1
        """Of the rows; known to the thread of the database only."""

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        if records:
            job, then = self.publishing(records)
            await self._database.run(job, then=then)

    def publishing(self, records: Sequence[TransportEnvelope]) -> tuple[Job[int], Callable[[int], None]]:
        """The job of `publish`, and what is to be done with its result once it is committed."""
        dead = [_buried(record) for record in records if record.topic.endswith(DEAD_LETTER_SUFFIX)]
        batches = batches_of(record for record in records if not record.topic.endswith(DEAD_LETTER_SUFFIX))

        def job(connection: sqlite3.Connection) -> int:
            insert = "INSERT OR IGNORE INTO dead_letter (topic, id, key, headers, value, reason)"
            insert_rows(connection, insert, dead)
            return self._append(connection, batches, may_be_repeated=False)

        return job, lambda first: self._hand_over(first, batches, may_be_repeated=False)

    def _append(self, connection: sqlite3.Connection, batches: Sequence[MessageBatch], *, may_be_repeated: bool) -> int:
        """The number of the first of the rows; the others follow."""
        if self._last_number < 0:
            query = "SELECT coalesce(max(number), 0) FROM message_batch"
            self._last_number = connection.execute(query).fetchone()[0]
        first = self._last_number + 1
        self._last_number += len(batches)
        insert_rows(
            connection,
            "INSERT INTO message_batch (number, topic, count, may_be_repeated, content)",
            [
                (number, batch.topic, len(batch.records), may_be_repeated, batch.content)
                for number, batch in enumerate(batches, first)
            ],
        )
        return first

    def _hand_over(self, first: int, batches: Sequence[MessageBatch], *, may_be_repeated: bool) -> None:
        for number, batch in enumerate(batches, first):
            reader = self._readers.get(batch.topic)
            if reader is not None:
                reader.hand_over(number, batch.records, may_be_repeated)

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[SqliteSubscription]:
        if any(topic in self._readers for topic in topics):
            raise Unavailable("event log", f"one of {', '.join(topics)} is read already")
        reader = SqliteSubscription(self._database, topics)
        self._readers.update(dict.fromkeys(topics, reader))
        try:
            await reader.find_old()
            yield reader
        finally:
            for topic in topics:
                del self._readers[topic]

    async def backlog(self) -> Mapping[str, int]:
        query = (
            "SELECT topic, sum(count - coalesce(acknowledged, 0)) FROM message_batch"
            " LEFT JOIN message_acknowledged USING (number) GROUP BY topic"
            f" UNION ALL SELECT topic || '{DEAD_LETTER_SUFFIX}', count(*) FROM dead_letter GROUP BY topic"
        )
        return await self._database.read(lambda connection: dict(connection.execute(query).fetchall()))

    async def prepare(self, topics: Sequence[str]) -> None:
        del topics  # a topic is there as soon as somebody names it

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        query = (
            "SELECT content, places FROM message_batch LEFT JOIN message_acknowledged USING (number)"
            " WHERE topic = ? ORDER BY number LIMIT 1"
        )
        rows = await self._database.read(
            lambda connection: {topic: connection.execute(query, (topic,)).fetchone() for topic in topics}
        )
        return {topic: sent_at(_first_open(topic, *row)) for topic, row in rows.items() if row is not None}

    async def ends(self, topic: str) -> Mapping[int, int]:
        del topic  # numbers of rows begin again once all are acknowledged
        return {}

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        query = f"SELECT {_LETTER} FROM dead_letter WHERE position > ? ORDER BY position LIMIT ?"
        rows = await self._database.read(lambda connection: connection.execute(query, (after, limit)).fetchall())
        return [_letter(row) for row in rows]

    async def redrive(self, positions: Sequence[int]) -> int:
        def job(connection: sqlite3.Connection) -> tuple[int, int, list[MessageBatch]]:
            query = f"DELETE FROM dead_letter WHERE position = ? RETURNING {_LETTER}"
            rows = [connection.execute(query, (position,)).fetchone() for position in sorted(set(positions))]
            records = [_letter(row).record for row in rows if row is not None]
            batches = batches_of(records)
            return len(records), self._append(connection, batches, may_be_repeated=True), batches

        def hand_over(moved: tuple[int, int, list[MessageBatch]]) -> None:
            _, first, batches = moved
            self._hand_over(first, batches, may_be_repeated=True)

        return (await self._database.run(job, then=hand_over))[0]

    async def discard(self, positions: Sequence[int]) -> int:
        delete = "DELETE FROM dead_letter WHERE position IN ({})"
        return await self._database.run(lambda connection: delete_rows(connection, delete, positions))


def _first_open(topic: str, content: bytes, places: bytes | None) -> TransportEnvelope:
    """The first record of a row that is not acknowledged."""
    acknowledged = 0 if places is None else int.from_bytes(places, "little")
    return next(record for place, record in enumerate(records_of(topic, content)) if not acknowledged >> place & 1)


def _buried(letter: TransportEnvelope) -> tuple[Any, ...]:
    """The row of a dead letter: the record as it was, and why it died."""
    record, reason = before_death(letter)
    return record.topic, record.id or None, record.key, orjson.dumps(record.headers).decode(), record.value, reason


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    position, topic, key, headers, value, reason = row
    record = TransportEnvelope(topic=topic, key=key, headers=orjson.loads(headers), value=value)
    return DeadLetter(position, record, reason)
