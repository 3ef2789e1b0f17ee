"""The event book in SQLite."""

from collections.abc import Mapping, Sequence

from waygrid_core.inbox.mailbox import Mailbox, MailboxName, Waiter
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by, select_by_pairs
from waygrid_shell.storage.mailbox_bytes import read_mailbox, write_mailbox


class SqliteEventBook:
    """See `waygrid_shell.ports.event_book.EventBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, Mailbox]:
        wanted = list(dict.fromkeys((name.key, name.event) for name in names))
        query = (
            "WITH wanted (key, event) AS (VALUES {})"
            " SELECT event, key, content FROM wanted CROSS JOIN mailbox USING (key, event)"
        )
        rows = await self._database.read(lambda connection: select_by_pairs(connection, query, wanted))
        return {MailboxName(event, key): read_mailbox(content) for event, key, content in rows}

    async def save(self, mailboxes: Mapping[MailboxName, Mailbox]) -> None:
        rows = [
            (name.event, name.key, write_mailbox(mailbox), bool(mailbox.waiting)) for name, mailbox in mailboxes.items()
        ]
        insert = "INSERT OR REPLACE INTO mailbox (event, key, content, has_waiting)"
        await self._database.run(lambda connection: insert_rows(connection, insert, rows))

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
