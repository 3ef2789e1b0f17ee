"""The event book in SQLite."""

from collections.abc import Mapping, Sequence
from typing import Any

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.inbox.mailbox import HeardEvent, Mailbox, MailboxName, Waiter
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by, select_by_pairs


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


def write_mailbox(mailbox: Mailbox) -> bytes:
    """A mailbox as it stands in the file."""
    return write_json(
        {
            "arrivals": mailbox.arrivals,
            "waiting": [[*_row(waiter), place] for waiter, place in mailbox.waiting.items()],
            "answered": [[*_row(waiter), event] for waiter, event in mailbox.answered.items()],
            "withdrawn": [_row(waiter) for waiter in mailbox.withdrawn],
            "events": {event: [heard.position, heard.takers, heard.data] for event, heard in mailbox.events.items()},
            "kept": mailbox.kept,
        }
    )


def read_mailbox(content: bytes) -> Mailbox:
    """The mailbox that `write_mailbox` wrote."""
    document: Any = read_json(content)
    return Mailbox(
        arrivals=document["arrivals"],
        waiting=PersistentMap({_waiter(row): row[3] for row in document["waiting"]}),
        answered=PersistentMap({_waiter(row): row[3] for row in document["answered"]}),
        withdrawn=PersistentMap({_waiter(row): True for row in document["withdrawn"]}),
        events=PersistentMap(
            {
                event: HeardEvent(position, data, takers)
                for event, (position, takers, data) in document["events"].items()
            }
        ),
        kept=tuple(document["kept"]),
    )


def _row(waiter: Waiter) -> list[str | int]:
    return [waiter.traversal, waiter.node, waiter.attempt]


def _waiter(row: list[str | int]) -> Waiter:
    traversal, node, attempt = row[:3]
    return Waiter(TraversalId(str(traversal)), NodeId(str(node)), int(attempt))
