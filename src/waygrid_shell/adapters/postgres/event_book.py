"""The event book in PostgreSQL: a batch is one statement, which divides by zero if a version is not what it was."""

from collections.abc import Mapping, Sequence
from typing import Final

import psycopg

from waygrid_core.inbox.mailbox import MailboxName, Waiter
from waygrid_shell.adapters.postgres.columns import blobs, flags, numbers, texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import given_text, indexed_text
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.storage.mailbox_bytes import read_mailbox, write_mailbox

_SAVE: Final = """
WITH new AS (
  SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::int8[], %b::bytea[], %b::bool[])
    AS new (key_place, event_place, key, event, version, content, has_waiting)
), born AS (
  INSERT INTO mailbox (key_place, event_place, key, event, version, content, has_waiting)
  SELECT key_place, event_place, key, event, 1, content, has_waiting FROM new WHERE version = 0
  ON CONFLICT DO NOTHING RETURNING 1
), grown AS (
  UPDATE mailbox SET version = new.version + 1, content = new.content, has_waiting = new.has_waiting
  FROM new WHERE mailbox.key_place = new.key_place AND mailbox.event_place = new.event_place
    AND mailbox.version = new.version AND new.version > 0
  RETURNING 1
)
SELECT 1 / ((SELECT count(*) FROM born) + (SELECT count(*) FROM grown) = %b::int8)::int
"""
_LOAD: Final = """
SELECT mailbox.event, mailbox.key, mailbox.version, mailbox.content
FROM unnest(%b::text[], %b::text[]) AS asked (key_place, event_place) JOIN mailbox USING (key_place, event_place)
"""


class PostgresEventBook:
    """See `waygrid_shell.ports.event_book.EventBook`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, KeptMailbox]:
        if not names:
            return {}
        places = sorted({_place(name) for name in names})
        keys, events = zip(*places, strict=True)
        rows = await self._database.read(_LOAD, (texts(keys), texts(events)))
        return {_name(row): KeptMailbox(read_mailbox(content), version) for *row, version, content in rows}

    async def save(self, mailboxes: Mapping[MailboxName, KeptMailbox]) -> None:
        if not mailboxes:
            return
        # In order of names: two that save the same mailboxes lock them in the same order.
        saved = sorted(mailboxes.items(), key=lambda item: _place(item[0]))
        keys, events = zip(*(_place(name) for name, _ in saved), strict=True)
        values = (
            texts(keys),
            texts(events),
            texts([name.key for name, _ in saved]),
            texts([name.event for name, _ in saved]),
            numbers([kept.version for _, kept in saved]),
            blobs([write_mailbox(kept.mailbox) for _, kept in saved]),
            flags([bool(kept.mailbox.waiting) for _, kept in saved]),
        )
        try:
            await self._database.write(_SAVE, (*values, len(saved)))
        except psycopg.errors.DivisionByZero as error:
            raise await self._conflict(mailboxes) from error

    async def _conflict(self, mailboxes: Mapping[MailboxName, KeptMailbox]) -> VersionConflict:
        kept = await self.load(list(mailboxes))
        changed = [name for name in mailboxes if mailboxes[name].version != (kept[name].version if name in kept else 0)]
        name = next(iter(changed or mailboxes))
        return VersionConflict(f"mailbox {name.event}/{name.key}", mailboxes[name].version)

    async def with_key(self, keys: Sequence[str]) -> Sequence[MailboxName]:
        query = "SELECT event, key FROM mailbox WHERE key_place = ANY(%b) ORDER BY key_place, event_place"
        rows = await self._database.read(query, (texts([indexed_text(key) for key in keys]),))
        return [_name(row) for row in rows]

    async def waiting(self) -> Sequence[tuple[MailboxName, Waiter]]:
        query = "SELECT event, key, content FROM mailbox WHERE has_waiting ORDER BY key_place, event_place"
        rows = await self._database.browse(query)
        return [(_name(row), waiter) for row in rows for waiter in read_mailbox(row[2]).waiting]


def _place(name: MailboxName) -> tuple[str, str]:
    return indexed_text(name.key), indexed_text(name.event)


def _name(row: Row | list[str]) -> MailboxName:
    return MailboxName(given_text(row[0]), given_text(row[1]))
