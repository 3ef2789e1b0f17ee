"""The journal in SQLite.

A commit writes a row a decision and one small row a traversal. The whole state is written only as a snapshot, once as
many events have come since the last as the state has nodes (and some hundreds at least): so what a step costs does not
grow with the DAG. Loading reads the snapshot and folds the rows after it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from waygrid_core.children.either import new_either
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.adapters.sqlite.forgetting import forget
from waygrid_shell.adapters.sqlite.many_rows import insert_rows, marks, parts
from waygrid_shell.adapters.sqlite.search import page
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Idle, Query, Stored, Summary
from waygrid_shell.storage.journal_rows import (
    ORIGIN,
    SUMMARY,
    ChangeRows,
    decision_of,
    grown,
    label_rows,
    origin_of,
    origin_row,
    rows_of,
    state_of,
    summary_of,
)
from waygrid_shell.storage.shared_values import Fetched, Lookup, PutAway

_DECISION: Final = "version, cause, at, events, effects"
_UNFINISHED: Final = (
    "traversal INDEXED BY traversal_by_status WHERE is_child IN (0, 1) AND status IN ('New', 'Running', 'Paused')"
)

_AFTER_SNAPSHOTS: Final = (
    "SELECT journal.traversal, events FROM journal LEFT JOIN snapshot ON snapshot.traversal = journal.traversal"
    " WHERE journal.traversal IN ({}) AND journal.version > coalesce(snapshot.version, 0)"
    " ORDER BY journal.traversal, journal.version"
)


class SqliteJournal:
    """See `waygrid_shell.ports.journal.Journal`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_away = PutAway()
        self._fetched = Fetched()

    async def commit(self, changes: Sequence[Change]) -> None:
        if changes:
            await self._database.run(self.committing(changes))

    def committing(self, changes: Sequence[Change]) -> Job[None]:
        """The job of `commit`."""
        rows = rows_of(changes, self._put_away)
        return lambda connection: _write(connection, rows)

    async def load(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Stored]:
        return await self._database.read(lambda connection: _load(connection, self._fetched, traversals))

    async def recorded(self, causes: Sequence[tuple[TraversalId, str]]) -> Mapping[tuple[TraversalId, str], Decision]:
        by_traversal: dict[TraversalId, set[str]] = {}
        for traversal, cause in causes:
            by_traversal.setdefault(traversal, set()).add(cause)

        def job(connection: sqlite3.Connection) -> dict[tuple[TraversalId, str], Decision]:
            found = {}
            for traversal, wanted in by_traversal.items():
                query = "SELECT cause, position FROM journal WHERE traversal = ? ORDER BY version"
                for cause, position in connection.execute(query, (traversal,)).fetchall():
                    if cause in wanted:
                        row = connection.execute(f"SELECT {_DECISION} FROM journal WHERE position = ?", (position,))
                        found[traversal, cause] = decision_of(_values_in(connection), self._fetched, row.fetchone())
            return found

        return await self._database.read(job)

    async def decisions(
        self, traversal: TraversalId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Decision]:
        query = f"SELECT {_DECISION} FROM journal WHERE traversal = ? AND version > ? ORDER BY version LIMIT ?"

        def job(connection: sqlite3.Connection) -> list[Decision]:
            rows = connection.execute(query, (traversal, after, -1 if limit is None else limit)).fetchall()
            return [decision_of(_values_in(connection), self._fetched, row) for row in rows]

        return await self._database.browse(job)

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        query = f"SELECT {SUMMARY} FROM traversal WHERE id IN ({{}})"
        rows = await self._database.read(lambda connection: select_by(connection, query, traversals))
        return {TraversalId(row[0]): summary_of(row) for row in rows}

    async def unfinished(self) -> Sequence[Summary]:
        query = f"SELECT {SUMMARY} FROM {_UNFINISHED} ORDER BY begun_at, id"
        rows = await self._database.browse(lambda connection: connection.execute(query).fetchall())
        return [summary_of(row) for row in rows]

    async def idle(self, since: datetime, *, after: TraversalId | None = None, limit: int) -> Sequence[Idle]:
        query = (
            "SELECT id, at FROM (SELECT id, (SELECT journal.at FROM journal WHERE journal.traversal = traversal.id"
            f" ORDER BY journal.version DESC LIMIT 1) AS at FROM {_UNFINISHED} AND id > ?)"
            " WHERE at < ? ORDER BY id LIMIT ?"
        )
        values = (after or "", to_microseconds(since), limit)
        rows = await self._database.browse(lambda connection: connection.execute(query, values).fetchall())
        return [Idle(TraversalId(traversal), from_microseconds(at)) for traversal, at in rows]

    async def count_unfinished(self) -> int:
        query = f"SELECT count(*) FROM {_UNFINISHED}"
        return int(await self._database.read(lambda connection: connection.execute(query).fetchone()[0]))

    async def search(self, query: Query) -> Sequence[Summary]:
        rows = await self._database.browse(lambda connection: page(connection, SUMMARY, query))
        return [summary_of(row) for row in rows]

    async def forget(self, ended_before: datetime, limit: int) -> int:
        return await forget(self._database, ended_before, limit)


def _write(connection: sqlite3.Connection, rows: ChangeRows) -> None:
    if rows.born:
        _bear(connection, rows)
    if rows.grown:
        _grow(connection, rows)
    insert_rows(connection, "INSERT OR IGNORE INTO label (label, traversal)", rows.labels)
    insert_rows(connection, "INSERT OR IGNORE INTO shared_value (hash, value)", list(rows.values.items()))
    insert_rows(connection, "INSERT OR IGNORE INTO shared_use (traversal, hash)", rows.uses)
    insert_rows(connection, f"INSERT INTO journal (traversal, {_DECISION})", rows.decisions)
    insert_rows(connection, "INSERT OR REPLACE INTO snapshot (traversal, version, state)", rows.snapshots)


def _bear(connection: sqlite3.Connection, rows: ChangeRows) -> None:
    try:
        insert_rows(
            connection,
            f"INSERT INTO traversal (id, version, status, ended_at, ending, {ORIGIN}, begun_at, is_astray)",
            rows.born,
        )
    except sqlite3.IntegrityError as error:
        ids = [row[0] for row in rows.born]
        kept = [traversal for (traversal,) in select_by(connection, "SELECT id FROM traversal WHERE id IN ({})", ids)]
        raise VersionConflict((kept or ids)[0], 0) from error


def _grow(connection: sqlite3.Connection, rows: ChangeRows) -> None:
    nameless: list[TraversalId] = []
    for part in parts(rows.grown):
        written = connection.execute(
            "WITH new (id, base, version, status, ended_at, ending) AS"
            f" (VALUES {marks(len(part[0]), len(part))})"
            " UPDATE traversal SET version = new.version, status = new.status, ended_at = new.ended_at,"
            " ending = new.ending FROM new WHERE traversal.id = new.id AND traversal.version = new.base"
            " RETURNING id, typeof(plan)",  # `plan IS NULL` is always false in a RETURNING of SQLite 3.40
            [value for row in part for value in row],
        ).fetchall()
        if len(written) < len(part):
            found = {traversal for traversal, _ in written}
            traversal, base = next((row[0], row[1]) for row in part if row[0] not in found)
            raise VersionConflict(traversal, base)
        nameless += [traversal for traversal, plan in written if plan == "null"]
    for traversal in nameless:
        row = origin_row(rows.origins[traversal])
        labels = label_rows(traversal, rows.origins[traversal])
        insert_rows(connection, "INSERT OR IGNORE INTO label (label, traversal)", labels)
        update = f"UPDATE traversal SET ({ORIGIN}) = {marks(len(row), 1)} WHERE id = ?"
        connection.execute(update, (*row, traversal))


def _load(
    connection: sqlite3.Connection, shared: Fetched, traversals: Sequence[TraversalId]
) -> dict[TraversalId, Stored]:
    rows = select_by(connection, f"SELECT {SUMMARY} FROM traversal WHERE id IN ({{}})", traversals)
    found, lookup = [row[0] for row in rows], _values_in(connection)
    query = "SELECT traversal, state FROM snapshot WHERE traversal IN ({})"
    snapshots = {row[0]: state_of(lookup, shared, row[1]) for row in select_by(connection, query, found)}
    events: dict[str, list[bytes]] = {}
    for traversal, text in select_by(connection, _AFTER_SNAPSHOTS, found):
        events.setdefault(traversal, []).append(text)
    loaded: dict[TraversalId, Stored] = {}
    for row in rows:
        traversal, origin = TraversalId(row[0]), origin_of(row)
        state = snapshots.get(traversal) or new_either(traversal, origin.plan)
        state = grown(lookup, shared, state, events.get(traversal, ()))
        loaded[traversal] = Stored(origin=origin, state=state)
    return loaded


def _values_in(connection: sqlite3.Connection) -> Lookup:
    def lookup(shared: str) -> bytes | None:
        row = connection.execute("SELECT value FROM shared_value WHERE hash = ?", (shared,)).fetchone()
        return None if row is None else row[0]

    return lookup
