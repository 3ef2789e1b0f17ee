"""The channel log in PostgreSQL: numbers without a gap, and watchers that are woken in every process.

Whoever appends holds the row of the channel until it has committed, so that the next one counts on from there, and no
reader sees a number before those below it. NOTIFY tells all processes with the commit; each listens on one connection
of its own while anybody watches. Where that is not heard (it breaks, or a pooler of transactions stands between),
watchers look by themselves every now and then.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final

import psycopg
from psycopg import AsyncConnection

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import blobs, numbers, texts
from waygrid_shell.adapters.postgres.connecting import connect
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import given_text, indexed_text, stored_text
from waygrid_shell.hosting.bells import Bells
from waygrid_shell.ports.channel_log import ChannelMessage, Kept
from waygrid_shell.ports.failure import Unavailable

_HOLD: Final = """
INSERT INTO channel (name, last_number) SELECT name, 0 FROM unnest(%b::text[]) AS name ORDER BY name
ON CONFLICT (name) DO UPDATE SET last_number = channel.last_number
"""
_APPEND: Final = """
WITH wanted AS (
  SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::int8[]) WITH ORDINALITY
    AS wanted (channel, key_place, key, traversal, data, at, place)
), known AS (
  SELECT channel_message.channel, channel_message.key_place, channel_message.number
  FROM wanted JOIN channel_message USING (channel, key_place)
), first AS (
  SELECT DISTINCT ON (channel, key_place) * FROM wanted
  WHERE NOT EXISTS (SELECT FROM known WHERE (known.channel, known.key_place) = (wanted.channel, wanted.key_place))
  ORDER BY channel, key_place, place
), new AS (
  SELECT first.*, last_number + row_number() OVER (PARTITION BY channel ORDER BY place) AS number
  FROM first JOIN channel ON channel.name = first.channel
), kept AS (
  INSERT INTO channel_message (channel, number, key_place, key, traversal, data, at)
  SELECT channel, number, key_place, key, traversal, data, at FROM new
), counted AS (
  UPDATE channel SET last_number = newest.number
  FROM (SELECT channel, max(number) AS number FROM new GROUP BY channel) AS newest WHERE channel.name = newest.channel
  RETURNING pg_notify('waygrid_channel', channel.name)
)
SELECT channel, key_place, number FROM known UNION ALL SELECT channel, key_place, number FROM new
"""
_READ: Final = """
SELECT number, key, traversal, data, at FROM channel_message
WHERE channel = %b::text AND number > %b::int8 ORDER BY number LIMIT %b::int8
"""
_FORGOTTEN_AT_ONCE: Final = 2_000
_TOO_OLD: Final = "SELECT channel, number FROM channel_message WHERE at < %b::int8"
_TOO_MANY: Final = """SELECT channel_message.channel, channel_message.number FROM channel JOIN channel_message
  ON channel_message.channel = channel.name AND channel_message.number <= channel.last_number - %b::int8"""

_LOOK_SECONDS: Final = 15.0
_PATIENCE_SECONDS: Final = 2.0
"""Of who begins to watch, until this process listens."""
_REST_SECONDS: Final = 1.0
"""After a failure to listen."""


class PostgresChannelLog:
    """See `waygrid_shell.ports.channel_log.ChannelLog`. Made by `open_channel_log`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._bells = Bells()
        self._listening: asyncio.Task[None] | None = None
        self._hears = asyncio.Event()

    async def append(self, messages: Sequence[ChannelMessage]) -> Sequence[Kept]:
        if not messages:
            return []
        places = [(indexed_text(message.channel), indexed_text(message.key)) for message in messages]
        names = texts(sorted({channel for channel, _ in places}))
        values = (
            texts([channel for channel, _ in places]),
            texts([key for _, key in places]),
            texts([message.key for message in messages]),
            texts([message.traversal for message in messages]),
            blobs([write_json(message.data) for message in messages]),
            numbers([to_microseconds(message.at) for message in messages]),
        )

        async def job(connection: AsyncConnection) -> list[Row]:
            await connection.execute(_HOLD, (names,), binary=True)
            return await (await connection.execute(_APPEND, values, binary=True)).fetchall()

        rows = await self._database.run(job)
        given = {(given_text(channel), given_text(key)): number for channel, key, number in rows}
        for channel in {channel for channel, _ in places}:
            self._bells.ring(channel)
        return [Kept(given[place], message) for place, message in zip(places, messages, strict=True)]

    async def read(self, channel: str, *, after: int, limit: int) -> Sequence[Kept]:
        rows = await self._database.read(_READ, (stored_text(indexed_text(channel)), after, limit))
        return [
            Kept(
                number,
                ChannelMessage(
                    channel=channel,
                    key=given_text(key),
                    traversal=TraversalId(given_text(traversal)),
                    data=read_json(data),
                    at=from_microseconds(at),
                ),
            )
            for number, key, traversal, data, at in rows
        ]

    async def last_number(self, channel: str) -> int:
        query = "SELECT coalesce(max(last_number), 0) FROM channel WHERE name = ANY(%b)"
        return int((await self._database.read(query, (texts([indexed_text(channel)]),)))[0][0])

    @asynccontextmanager
    async def watch(self, channel: str) -> AsyncIterator[AsyncIterator[None]]:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        with suppress(TimeoutError):  # then it is woken as soon as somebody listens
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._hears.wait()
        async with self._bells.watch(indexed_text(channel)) as rings:
            yield rings

    async def forget(self, *, before: datetime, keep: int) -> int:
        forgotten = 0
        for query, bound in ((_TOO_OLD, to_microseconds(before)), (_TOO_MANY, keep)):
            delete = f"DELETE FROM channel_message WHERE (channel, number) IN ({query} LIMIT {_FORGOTTEN_AT_ONCE})"
            count = _FORGOTTEN_AT_ONCE
            while count == _FORGOTTEN_AT_ONCE:
                count = await self._database.change(delete, (bound,))
                forgotten += count
        return forgotten

    async def _listen(self) -> None:
        """Ring for what others append, for ever."""
        while True:
            with suppress(psycopg.Error, Unavailable, OSError):
                connection = await connect(self._database.settings)
                try:
                    await connection.execute("LISTEN waygrid_channel", prepare=False)
                    await self._hear(connection)
                finally:
                    self._hears.clear()
                    await connection.close()
            await asyncio.sleep(_REST_SECONDS)

    async def _hear(self, connection: AsyncConnection) -> None:
        self._hears.set()
        while True:
            self._bells.ring_all()  # something may have come while nobody listened
            async for told in connection.notifies(timeout=_LOOK_SECONDS):
                self._bells.ring(given_text(told.payload))
            await connection.execute("SELECT 1", prepare=False)  # raises if the connection has died in silence

    async def _close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])


@asynccontextmanager
async def open_channel_log(database: PostgresDatabase) -> AsyncIterator[PostgresChannelLog]:
    """The channel log, and what listens for it."""
    log = PostgresChannelLog(database)
    try:
        yield log
    finally:
        await log._close()
