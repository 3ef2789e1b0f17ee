"""The book of dead letters in PostgreSQL.

Who enters letters holds the table of progress meanwhile: two that read the same partition at once enter each letter
once, and positions become visible in their order.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from psycopg import AsyncConnection

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.postgres.columns import blobs, numbers, texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import given_text
from waygrid_shell.ports.dead_letter_book import FoundLetter
from waygrid_shell.ports.event_log import DeadLetter

_ENTER: Final = """
WITH found AS (
  SELECT * FROM unnest(%b::text[], %b::int8[], %b::int8[], %b::text[], %b::bytea[], %b::bytea[], %b::text[])
    WITH ORDINALITY AS found (topic, partition, number, key, headers, value, reason, place)
), new AS (
  SELECT DISTINCT ON (topic, partition, number) found.*
  FROM found LEFT JOIN dead_letter_progress AS read_to USING (topic, partition)
  WHERE number >= coalesce(next_offset, 0) ORDER BY topic, partition, number, place
), entered AS (
  INSERT INTO dead_letter (topic, key, headers, value, reason)
  SELECT topic, key, headers, value, reason FROM new ORDER BY place
)
INSERT INTO dead_letter_progress (topic, partition, next_offset)
SELECT topic, partition, max(number) + 1 FROM new GROUP BY topic, partition
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
"""
_LETTER: Final = "position, topic, key, headers, value, reason"


class PostgresDeadLetterBook:
    """See `waygrid_shell.ports.dead_letter_book.DeadLetterBook`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def progress(self) -> Mapping[tuple[str, int], int]:
        rows = await self._database.read("SELECT topic, partition, next_offset FROM dead_letter_progress")
        return {(given_text(topic), partition): number for topic, partition, number in rows}

    async def enter(self, letters: Sequence[FoundLetter]) -> None:
        if not letters:
            return
        records = [letter.record for letter in letters]
        values = (
            texts([record.topic for record in records]),
            numbers([letter.partition for letter in letters]),
            numbers([letter.offset for letter in letters]),
            texts([record.key for record in records]),
            blobs([orjson.dumps(dict(record.headers)) for record in records]),
            blobs([record.value for record in records]),
            texts([letter.reason for letter in letters]),
        )

        async def job(connection: AsyncConnection) -> None:
            await connection.execute("LOCK TABLE dead_letter_progress IN SHARE ROW EXCLUSIVE MODE")
            await connection.execute(_ENTER, values, binary=True)

        await self._database.run(job)

    async def read(self, *, after: int, limit: int) -> Sequence[DeadLetter]:
        query = f"SELECT {_LETTER} FROM dead_letter WHERE position > %b::int8 ORDER BY position LIMIT %b::int8"
        return [_letter(row) for row in await self._database.browse(query, (after, limit))]

    async def get(self, positions: Sequence[int]) -> Sequence[DeadLetter]:
        query = f"SELECT {_LETTER} FROM dead_letter WHERE position = ANY(%b) ORDER BY position"
        return [_letter(row) for row in await self._database.browse(query, (numbers(positions),))]

    async def remove(self, positions: Sequence[int]) -> int:
        return await self._database.change("DELETE FROM dead_letter WHERE position = ANY(%b)", (numbers(positions),))

    async def count(self) -> Mapping[str, int]:
        rows = await self._database.browse("SELECT topic, count(*) FROM dead_letter GROUP BY topic")
        return {given_text(topic): count for topic, count in rows}


def _letter(row: Row) -> DeadLetter:
    position, topic, key, headers, value, reason = row
    record = TransportEnvelope(topic=given_text(topic), key=given_text(key), headers=orjson.loads(headers), value=value)
    return DeadLetter(position, record, given_text(reason))
