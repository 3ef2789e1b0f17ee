"""The event book in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from waygrid_core.inbox.mailbox import MailboxName, Waiter
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by, select_by_pairs
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.storage.mailbox_bytes import read_mailbox, write_mailbox

_SELECT: Final = "WITH wanted (key, event) AS (VALUES {{}}) SELECT {} FROM wanted CROSS JOIN mailbox USING (key, event)"


class SqliteEventBook:
    """See `waygrid_shell.ports.event_book.EventBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, KeptMailbox]:
        wanted = list(dict.fromkeys((name.key, name.event) for name in names))
        query = _SELECT.format("event, key, content, version")
        rows = await self._database.read(lambda connection: select_by_pairs(connection, query, wanted))
        return {
            MailboxName(event, key): KeptMailbox(read_mailbox(content), version)
            for event, key, content, version in rows
        }

    async def save(self, mailboxes: Mapping[MailboxName, KeptMailbox]) -> None:
        names = [(name.key, name.event) for name in mailboxes]
        rows = [
            (name.event, name.key, write_mailbox(kept.mailbox), bool(kept.mailbox.waiting), kept.version + 1)
            for name, kept in mailboxes.items()
        ]
        query = _SELECT.format("key, event, version")
        insert = "INSERT OR REPLACE INTO mailbox (event, key, content, has_waiting, version)"

        def job(connection: sqlite3.Connection) -> None:
            found = {(key, event): version for key, event, version in select_by_pairs(connection, query, names)}
            for name, kept in mailboxes.items():
                if found.get((name.key, name.event), 0) != kept.version:
                    raise VersionConflict(f"mailbox {name.event}/{name.key}", kept.version)
            insert_rows(connection, insert, rows)

        await self._database.run(job)

    async def with_key(self, keys: Sequence[str]) -> Sequence[MailboxName]:
        query = "SELECT event, key FROM mailbox WHERE key IN ({}) ORDER BY key, event"
        rows = await self._database.read(lambda connection: select_by(connection, query, keys))
        return [MailboxName(event, key) for event, key in rows]

    async def waiting(self) -> Sequence[tuple[MailboxName, Waiter]]:
        query = "SELECT event, key, content FROM mailbox WHERE has_waiting ORDER BY key, event"
        rows = await self._database.read(lambda connection: connection.execute(query).fetchall())
        return [
            (MailboxName(event, key), waiter)
            for event, key, content in rows
            for waiter in read_mailbox(content).waiting
        ]
