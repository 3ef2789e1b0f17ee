"""The journal in PostgreSQL: a commit is one statement, and so is a load."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import psycopg

from waygrid_core.children.either import new_either
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.forgetting import forget
from waygrid_shell.adapters.postgres.journal_writing import naming_writing_of, writing_of
from waygrid_shell.adapters.postgres.search import page
from waygrid_shell.adapters.postgres.stored_text import given_text, stored_text
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Idle, Query, Stored, Summary
from waygrid_shell.storage.journal_rows import (
    SUMMARY,
    ChangeRows,
    decision_of,
    grown,
    origin_of,
    rows_of,
    state_of,
    summary_of,
)
from waygrid_shell.storage.shared_values import Fetched, Lookup, PutAway, references_in

_DECISION: Final = "traversal, version, cause, at, events, effects"
_UNFINISHED: Final = "traversal WHERE is_child IN (false, true) AND status IN ('New', 'Running', 'Paused')"
_IDLE: Final = " UNION ALL ".join(
    f"(SELECT id, changed_at FROM traversal WHERE is_child = {is_child} AND status = '{status}' AND id ~>~ %b::text"
    " AND changed_at < %b::int8 ORDER BY id USING ~<~ LIMIT %b::int8)"
    for is_child in ("false", "true")
    for status in ("New", "Running", "Paused")
)
"""A stream a status, each in the order of its index, see `search`."""
_NO_VALUES: Final[Mapping[str, bytes]] = {}
_WIDTH: Final = SUMMARY.count(",") + 1

_LOAD: Final = f"""
SELECT {SUMMARY}, state, (
  SELECT array_agg(journal.events ORDER BY journal.version) FROM journal
  WHERE journal.traversal = traversal.id AND journal.version > coalesce(snapshot_version, 0)
)
FROM traversal
LEFT JOIN (SELECT traversal AS whose, version AS snapshot_version, state FROM snapshot) AS newest
  ON whose = traversal.id
WHERE traversal.id = ANY(%b)
"""


class PostgresJournal:
    """See `waygrid_shell.ports.journal.Journal`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._put_away = PutAway()

    async def commit(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        rows = rows_of(changes, self._put_away)
        writing = writing_of(rows)
        try:
            await self._database.write(writing.text, writing.values)
        except psycopg.errors.UniqueViolation as error:
            raise await self._born_conflict(rows) from error
        except psycopg.errors.DivisionByZero as error:
            conflict = await self._grown_conflict(rows)
            if conflict is not None:
                raise conflict from error
            await self._commit_and_name(rows)

    async def _commit_and_name(self, rows: ChangeRows) -> None:
        writing = naming_writing_of(rows)
        try:
            await self._database.write(writing.text, writing.values)
        except psycopg.errors.UniqueViolation as error:
            raise await self._born_conflict(rows) from error
        except psycopg.errors.DivisionByZero as error:
            raise await self._grown_conflict(rows) or VersionConflict(*rows.grown[0][:2]) from error

    async def _born_conflict(self, rows: ChangeRows) -> VersionConflict:
        ids = [row[0] for row in rows.born]
        kept = await self._versions(ids)
        return VersionConflict(next((each for each in ids if each in kept), [*ids, *_ids(rows)][0]), 0)

    async def _grown_conflict(self, rows: ChangeRows) -> VersionConflict | None:
        """Who came between; None if nobody did, and a traversal has to be told its plan."""
        kept = await self._versions(_ids(rows))
        for traversal, base, *_ in rows.grown:
            if kept.get(traversal) != base:
                return VersionConflict(traversal, base)
        return None

    async def _versions(self, traversals: Sequence[str]) -> Mapping[str, int]:
        query = "SELECT id, version FROM traversal WHERE id = ANY(%b)"
        return {given_text(row[0]): row[1] for row in await self._database.read(query, (texts(traversals),))}

    async def load(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Stored]:
        if not traversals:
            return {}
        rows = await self._database.read(_LOAD, (texts(traversals),))
        columns = [text for row in rows for text in ([] if row[-2] is None else [row[-2]]) + (row[-1] or [])]
        fetched, lookup = Fetched(), await self._values([row[0] for row in rows], columns)
        loaded: dict[TraversalId, Stored] = {}
        for row in rows:
            summary = _given(row)
            traversal, origin = TraversalId(summary[0]), origin_of(summary)
            snapshot, events = row[-2:]
            state = new_either(traversal, origin.plan) if snapshot is None else state_of(lookup, fetched, snapshot)
            loaded[traversal] = Stored(origin=origin, state=grown(lookup, fetched, state, events or ()))
        return loaded

    async def recorded(self, causes: Sequence[tuple[TraversalId, str]]) -> Mapping[tuple[TraversalId, str], Decision]:
        if not causes:
            return {}
        wanted = dict.fromkeys(causes)
        query = f"SELECT {_DECISION} FROM journal WHERE traversal = ANY(%b) AND cause = ANY(%b)"
        ids, messages = {traversal for traversal, _ in wanted}, {cause for _, cause in wanted}
        rows = await self._database.read(query, (texts(sorted(ids)), texts(sorted(messages))))
        found = await self._decisions([row for row in rows if (given_text(row[0]), given_text(row[2])) in wanted])
        return {(traversal, decision.cause): decision for traversal, decision in found}

    async def decisions(
        self, traversal: TraversalId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Decision]:
        query = (
            f"SELECT {_DECISION} FROM journal WHERE traversal = %b::text AND version > %b::int8 ORDER BY version"
            " LIMIT %b::int8"
        )
        rows = await self._database.browse(query, (stored_text(traversal), after, limit))
        return [decision for _, decision in await self._decisions(rows)]

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        if not traversals:
            return {}
        query = f"SELECT {SUMMARY} FROM traversal WHERE id = ANY(%b) ORDER BY id"
        rows = await self._database.read(query, (texts(traversals),))
        return {summary.traversal: summary for summary in (summary_of(_given(row)) for row in rows)}

    async def unfinished(self) -> Sequence[Summary]:
        rows = await self._database.browse(f"SELECT {SUMMARY} FROM {_UNFINISHED} ORDER BY begun_at, id")
        return [summary_of(_given(row)) for row in rows]

    async def idle(self, since: datetime, *, after: TraversalId | None = None, limit: int) -> Sequence[Idle]:
        values = (stored_text(after or ""), to_microseconds(since), limit) * _IDLE.count("SELECT")
        rows = await self._database.browse(f"{_IDLE} ORDER BY id LIMIT %b::int8", (*values, limit))
        return [Idle(TraversalId(given_text(traversal)), from_microseconds(at)) for traversal, at in rows]

    async def count_unfinished(self) -> int:
        return int((await self._database.read(f"SELECT count(*) FROM {_UNFINISHED}"))[0][0])

    async def search(self, query: Query) -> Sequence[Summary]:
        return [summary_of(_given(row)) for row in await page(self._database, SUMMARY, query)]

    async def forget(self, ended_before: datetime, limit: int) -> int:
        return await forget(self._database, ended_before, limit)

    async def _decisions(self, rows: Sequence[Row]) -> list[tuple[TraversalId, Decision]]:
        fetched, lookup = (
            Fetched(),
            await self._values([row[0] for row in rows], [text for row in rows for text in row[4:]]),
        )
        return [
            (
                TraversalId(given_text(row[0])),
                decision_of(lookup, fetched, (row[1], given_text(row[2]), *row[3:])),
            )
            for row in rows
        ]

    async def _values(self, stored_ids: Sequence[str], columns: Sequence[bytes]) -> Lookup:
        """Finds the values that these columns refer to."""
        wanted = references_in(columns)
        if not wanted:
            return _NO_VALUES.get
        query = "SELECT DISTINCT ON (hash) hash, value FROM shared_value WHERE traversal = ANY(%b) AND hash = ANY(%b)"
        ids = texts([given_text(each) for each in dict.fromkeys(stored_ids)])
        found: Mapping[str, bytes] = dict(await self._database.read(query, (ids, texts(sorted(wanted)))))
        return found.get


def _ids(rows: ChangeRows) -> list[str]:
    return [row[0] for row in rows.grown]


def _given(row: Row) -> Row:
    """A row of the columns `SUMMARY` as it was before it was stored."""
    return tuple(given_text(each) if isinstance(each, str) else each for each in row[:_WIDTH])
