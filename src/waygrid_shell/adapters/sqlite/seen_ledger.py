"""The seen ledger in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.adapters.sqlite.instant import to_microseconds
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.ports.seen_ledger import Answer


class SqliteSeenLedger:
    """See `waygrid_shell.ports.seen_ledger.SeenLedger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, answers: Sequence[Answer]) -> None:
        await self._database.run(self.recording(answers))

    def recording(self, answers: Sequence[Answer]) -> Job[None]:
        """The job of `record`."""
        rows = [(answer.id, answer.value, to_microseconds(answer.at)) for answer in answers]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR IGNORE INTO answer VALUES (?, ?, ?)", rows)

        return job

    async def recall(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        if not ids:
            return {}
        return dict(
            await self._database.run(
                lambda connection: select_by(connection, "SELECT id, value FROM answer WHERE id IN ({})", ids)
            )
        )

    async def forget(self, before: datetime) -> int:
        return await self._database.write("DELETE FROM answer WHERE at < ?", [(to_microseconds(before),)])
