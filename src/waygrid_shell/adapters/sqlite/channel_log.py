"""The channel log in SQLite."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by, select_by_pairs
from waygrid_shell.hosting.bells import Bells
from waygrid_shell.ports.channel_log import ChannelMessage, Kept

_FORGOTTEN_AT_ONCE: Final = 2_000
"""Messages that one transaction deletes, so that nobody waits long for it."""


class SqliteChannelLog:
    """See `waygrid_shell.ports.channel_log.ChannelLog`. Watchers are woken in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bells = Bells()

    async def append(self, messages: Sequence[ChannelMessage]) -> Sequence[Kept]:
        rows = [(write_json(message.data), to_microseconds(message.at)) for message in messages]

        def ring(_: list[int]) -> None:
            for channel in {message.channel for message in messages}:
                self._bells.ring(channel)

        if not messages:
            return []
        numbers = await self._database.run(lambda connection: _keep(connection, messages, rows), then=ring)
        return [Kept(number, message) for number, message in zip(numbers, messages, strict=True)]

    async def read(self, channel: str, *, after: int, limit: int) -> Sequence[Kept]:
        query = (
            "SELECT number, key, traversal, data, at FROM channel_message WHERE channel = ? AND number > ?"
            " ORDER BY number LIMIT ?"
        )
        rows = await self._database.read(
            lambda connection: connection.execute(query, (channel, after, limit)).fetchall()
        )
        return [
            Kept(
                number,
                ChannelMessage(
                    channel=channel,
                    key=key,
                    traversal=TraversalId(traversal),
                    data=read_json(data),
                    at=from_microseconds(at),
                ),
            )
            for number, key, traversal, data, at in rows
        ]

    async def last_number(self, channel: str) -> int:
        query = "SELECT coalesce(max(last_number), 0) FROM channel WHERE name = ?"
        return int(await self._database.read(lambda connection: connection.execute(query, (channel,)).fetchone()[0]))

    def watch(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        return self._bells.watch(channel)

    async def forget(self, *, before: datetime, keep: int) -> int:
        too_old = "SELECT channel, number FROM channel_message WHERE at < ? LIMIT ?"
        too_many = (
            "SELECT channel, number FROM channel CROSS JOIN channel_message"
            " ON channel = name AND number <= last_number - ? LIMIT ?"
        )
        forgotten = 0
        for query, bound in ((too_old, to_microseconds(before)), (too_many, keep)):
            delete = f"DELETE FROM channel_message WHERE (channel, number) IN ({query})"
            count = _FORGOTTEN_AT_ONCE
            while count == _FORGOTTEN_AT_ONCE:
                count = await self._database.write(delete, [(bound, _FORGOTTEN_AT_ONCE)])
                forgotten += count
        return forgotten


def _keep(
    connection: sqlite3.Connection, messages: Sequence[ChannelMessage], rows: Sequence[tuple[bytes, int]]
) -> list[int]:
    """The number of each message, which it is given unless it has one."""
    names = list(dict.fromkeys(message.channel for message in messages))
    last = dict(select_by(connection, "SELECT name, last_number FROM channel WHERE name IN ({})", names))
    query = (
        "WITH wanted (channel, key) AS (VALUES {})"
        " SELECT channel, key, number FROM wanted CROSS JOIN channel_message USING (channel, key)"
    )
    kept = select_by_pairs(connection, query, [(message.channel, message.key) for message in messages])
    numbers: dict[tuple[str, str], int] = {(channel, key): number for channel, key, number in kept}
    new = []
    for message, (data, at) in zip(messages, rows, strict=True):
        channel, key = message.channel, message.key
        if (channel, key) not in numbers:
            numbers[channel, key] = last[channel] = last.get(channel, 0) + 1
            new.append((channel, last[channel], key, message.traversal, data, at))
    insert_rows(connection, "INSERT INTO channel_message (channel, number, key, traversal, data, at)", new)
    insert_rows(connection, "INSERT OR REPLACE INTO channel (name, last_number)", list(last.items()))
    return [numbers[message.channel, message.key] for message in messages]
