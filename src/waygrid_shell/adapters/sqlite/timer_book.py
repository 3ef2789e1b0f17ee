"""The timer book in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence, Set
from datetime import datetime

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import delete_rows, insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.ports.timer_book import NOTHING_READ, Stretch, Timer


class SqliteTimerBook:
    """See `waygrid_shell.ports.timer_book.TimerBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId], read: Mapping[int, Stretch] = NOTHING_READ
    ) -> None:
        del read  # the data has one owner, and so have the requests
        rows = [(timer.id, timer.traversal, to_microseconds(timer.due)) for timer in to_set]

        def job(connection: sqlite3.Connection) -> None:
            # Replacing gives a timer that is moved its new place in the order of setting.
            insert_rows(connection, "INSERT OR REPLACE INTO timer (id, traversal, due)", rows)
            delete_rows(connection, "DELETE FROM timer WHERE id IN ({})", to_unset)

        if rows or to_unset:
            await self._database.run(job)

    async def unset(self, timers: Sequence[Timer]) -> None:
        rows = [(timer.id, to_microseconds(timer.due)) for timer in timers]
        await self._database.run(
            lambda connection: connection.executemany("DELETE FROM timer WHERE id = ? AND due = ?", rows)
        )

    async def read_up_to(self, partitions: Set[int]) -> Mapping[int, int]:
        return dict.fromkeys(partitions, 0)

    async def move_strays(self, partitions: Set[int], to: int) -> int:
        del partitions, to  # there is one
        return 0

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        del partitions  # there is one
        query = "SELECT id, traversal, due FROM timer WHERE due <= ? ORDER BY due, set_order LIMIT ?"
        rows = await self._database.read(
            lambda connection: connection.execute(query, (to_microseconds(now), limit)).fetchall()
        )
        return [Timer(TimerId(timer), TraversalId(traversal), from_microseconds(due)) for timer, traversal, due in rows]

    async def next_due(self, partitions: Set[int]) -> datetime | None:
        del partitions  # there is one
        query = "SELECT min(due) FROM timer"
        number = await self._database.read(lambda connection: connection.execute(query).fetchone()[0])
        return None if number is None else from_microseconds(number)

    async def are_set(self, timers: Sequence[TimerId]) -> Set[TimerId]:
        query = "SELECT id FROM timer WHERE id IN ({})"
        rows = await self._database.read(lambda connection: select_by(connection, query, timers))
        return {TimerId(timer) for (timer,) in rows}

    async def count(self) -> int:
        query = "SELECT count(*) FROM timer"
        return int(await self._database.read(lambda connection: connection.execute(query).fetchone()[0]))
