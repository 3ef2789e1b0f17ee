"""The audit log in SQLite."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.ports.audit_log import Audited, AuditEntry

_INSERT: Final = "INSERT INTO audit (at, principal, action, subject, outcome, address)"
_FORGOTTEN_AT_ONCE: Final = 2_000
"""Entries that one transaction deletes, so that nobody waits long for it."""


class SqliteAuditLog:
    """See `waygrid_shell.ports.audit_log.AuditLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """May wait a little for a commit that it can share: nobody's answer waits for it."""
        rows = [
            (to_microseconds(each.at), each.principal, each.action, each.subject, each.outcome, each.address)
            for each in entries
        ]
        await self._database.run_patiently(lambda connection: insert_rows(connection, _INSERT, rows))

    async def read(
        self, *, before: int | None = None, limit: int = 100, principal: str | None = None, subject: str | None = None
    ) -> Sequence[Audited]:
        given = [("number < ?", before), ("principal = ?", principal), ("subject = ?", subject)]
        wanted = [(condition, value) for condition, value in given if value is not None]
        # The indexes have no empty names and subjects, and SQLite has to be told that these are none.
        conditions = [f"{name} <> ''" for name, value in (("principal", principal), ("subject", subject)) if value]
        where = " AND ".join(["1", *(condition for condition, _ in wanted), *conditions])
        query = (
            f"SELECT number, at, principal, action, subject, outcome, address FROM audit WHERE {where}"
            " ORDER BY number DESC LIMIT ?"
        )
        values = [*(value for _, value in wanted), limit]
        rows = await self._database.browse(lambda connection: connection.execute(query, values).fetchall())
        return [
            Audited(
                number,
                AuditEntry(
                    at=from_microseconds(at),
                    principal=whose,
                    action=action,
                    subject=what,
                    outcome=outcome,
                    address=address,
                ),
            )
            for number, at, whose, action, what, outcome, address in rows
        ]

    async def forget(self, before: datetime) -> int:
        """Those that were written around the same time as younger ones may be left for the next time."""
        oldest = "SELECT number FROM audit ORDER BY number LIMIT ?"
        delete = f"DELETE FROM audit WHERE number IN ({oldest}) AND at < ?"
        forgotten, count = 0, _FORGOTTEN_AT_ONCE
        while count:
            count = await self._database.write(delete, [(_FORGOTTEN_AT_ONCE, to_microseconds(before))])
            forgotten += count
        return forgotten
