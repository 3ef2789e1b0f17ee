"""The audit log in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import numbers, texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import given_text, indexed_text, stored_text
from waygrid_shell.ports.audit_log import Audited, AuditEntry

_ENTRY: Final = "at, principal, action, subject, outcome, address"
_APPEND: Final = f"""
INSERT INTO audit ({_ENTRY})
SELECT {_ENTRY} FROM unnest(%b::int8[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[]) WITH ORDINALITY
  AS new ({_ENTRY}, place) ORDER BY place
"""
_FORGOTTEN_AT_ONCE: Final = 5_000
_FORGET: Final = f"""
DELETE FROM audit WHERE number = ANY(ARRAY(
  SELECT number FROM audit WHERE at < %b::int8 ORDER BY at LIMIT {_FORGOTTEN_AT_ONCE}
))
"""


class PostgresAuditLog:
    """See `waygrid_shell.ports.audit_log.AuditLog`. A subject is kept as far as an index has room for it."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        if not entries:
            return
        values = (
            numbers([to_microseconds(entry.at) for entry in entries]),
            texts([indexed_text(entry.principal) for entry in entries]),
            texts([entry.action for entry in entries]),
            texts([indexed_text(entry.subject) for entry in entries]),
            texts([entry.outcome for entry in entries]),
            texts([entry.address for entry in entries]),
        )
        await self._database.change(_APPEND, values)

    async def read(
        self, *, before: int | None = None, limit: int = 100, principal: str | None = None, subject: str | None = None
    ) -> Sequence[Audited]:
        number = "number" if principal is None and subject is None else "number + 0"  # which index shall be read
        where: list[str] = ["true"]
        values: list[Any] = []
        if before is not None:
            where.append(f"{number} < %b::int8")
            values.append(before)
        for column, wanted in (("principal", principal), ("subject", subject)):
            if wanted is not None:
                where.append(f"{column} = %b::text")
                values.append(stored_text(indexed_text(wanted)))
        query = f"SELECT number, {_ENTRY} FROM audit WHERE {' AND '.join(where)} ORDER BY {number} DESC LIMIT %b::int8"
        return [_audited(row) for row in await self._database.browse(query, (*values, limit))]

    async def forget(self, before: datetime) -> int:
        forgotten, count = 0, _FORGOTTEN_AT_ONCE
        while count == _FORGOTTEN_AT_ONCE:
            count = await self._database.change(_FORGET, (to_microseconds(before),))
            forgotten += count
        return forgotten


def _audited(row: Row) -> Audited:
    number, at, principal, action, subject, outcome, address = row
    entry = AuditEntry(
        at=from_microseconds(at),
        principal=given_text(principal),
        action=given_text(action),
        subject=given_text(subject),
        outcome=given_text(outcome),
        address=given_text(address),
    )
    return Audited(number, entry)
