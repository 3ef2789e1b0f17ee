"""The seen ledger in SQLite."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from waygrid_core.model.instant import to_microseconds
from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.ports.seen_ledger import Answer

_FORGOTTEN_AT_ONCE: Final = 2_000
"""Answers that one transaction deletes, so that nobody waits long for it."""


class SqliteSeenLedger:
    """See `waygrid_shell.ports.seen_ledger.SeenLedger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, answers: Sequence[Answer]) -> None:
        await self._database.run(self.recording(answers))

    def recording(self, answers: Sequence[Answer]) -> Job[None]:
        """The job of `record`."""
        rows = [(answer.id, to_microseconds(answer.at), answer.value) for answer in answers]
        return lambda connection: insert_rows(connection, "INSERT OR IGNORE INTO answer (id, at, value)", rows)

    async def recall(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        if not ids:
            return {}
        query = "SELECT id, value FROM answer WHERE id IN ({})"
        return dict(await self._database.read(lambda connection: select_by(connection, query, ids)))

    async def forget(self, before: datetime) -> int:
        """Those that were written around the same time as younger ones may be left for the next time."""
        oldest = "SELECT position FROM answer ORDER BY position LIMIT ?"
        delete = f"DELETE FROM answer WHERE position IN ({oldest}) AND at < ?"
        forgotten, count = 0, _FORGOTTEN_AT_ONCE
        while count:
            count = await self._database.write(delete, [(_FORGOTTEN_AT_ONCE, to_microseconds(before))])
            forgotten += count
        return forgotten
