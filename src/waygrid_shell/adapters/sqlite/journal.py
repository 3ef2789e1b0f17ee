"""The journal in SQLite.

A commit writes a row a decision and one small row a traversal. The whole state is written only as a snapshot, once as
many events have come since the last as the state has nodes (and at least `SNAPSHOT_EVENTS`): so what a step costs does
not grow with the DAG. Loading reads the snapshot and folds the rows after it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

from waygrid_core.children.plan import LoopPlan, SeriesPlan
from waygrid_core.children.series_fold import fold_series
from waygrid_core.children.series_state import SeriesState, new_series
from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.codec.wire import EFFECTS, EVENTS, PARENTS, PLANS, STATES, Wire
from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.fold import fold
from waygrid_core.traversal.state import TraversalState, new_traversal
from waygrid_shell.adapters.sqlite.database import Database, Job
from waygrid_shell.adapters.sqlite.forgetting import forget
from waygrid_shell.adapters.sqlite.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.sqlite.search import is_astray, label_row, page
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.adapters.sqlite.shared_values import SharedValues
from waygrid_shell.ports.failure import ForeignStorage, VersionConflict
from waygrid_shell.ports.journal import AnyEvent, AnyState, Change, Decision, Origin, Query, Stored, Summary

SNAPSHOT_EVENTS: Final = 200
"""Events that a load may have to fold however small the state is: a millisecond or two."""

_COLUMNS: Final = "traversal.id, plan, parent, root, status, version, begun_at, ended_at, ending, name, labels, trace"
_Row: TypeAlias = tuple[Any, ...]

T = TypeVar("T")


class SqliteJournal:
    """See `waygrid_shell.ports.journal.Journal`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared = SharedValues()

    async def commit(self, changes: Sequence[Change]) -> None:
        if changes:
            await self._database.run(self.committing(changes))

    def committing(self, changes: Sequence[Change]) -> Job[None]:
        """The job of `commit`."""

        def job(connection: sqlite3.Connection) -> None:
            for change in changes:
                _write(connection, self._shared, change)

        return job

    async def load(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Stored]:
        return await self._database.run(lambda connection: _load(connection, self._shared, traversals))

    async def recorded(self, causes: Sequence[tuple[TraversalId, str]]) -> Mapping[tuple[TraversalId, str], Decision]:
        query = "SELECT version, cause, at, events, effects FROM journal WHERE traversal = ? AND cause = ?"

        def job(connection: sqlite3.Connection) -> dict[tuple[TraversalId, str], Decision]:
            found = {}
            for traversal, cause in dict.fromkeys(causes):
                row = connection.execute(query, (traversal, cause)).fetchone()
                if row is not None:
                    found[traversal, cause] = _decision(connection, self._shared, row)
            return found

        return await self._database.run(job)

    async def decisions(self, traversal: TraversalId) -> Sequence[Decision]:
        query = "SELECT version, cause, at, events, effects FROM journal WHERE traversal = ? ORDER BY version"

        def job(connection: sqlite3.Connection) -> list[Decision]:
            rows = connection.execute(query, (traversal,)).fetchall()
            return [_decision(connection, self._shared, row) for row in rows]

        return await self._database.run(job)

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        query = f"SELECT {_COLUMNS} FROM traversal WHERE id IN ({{}})"
        return await self._database.run(
            lambda connection: {TraversalId(row[0]): _summary(row) for row in select_by(connection, query, traversals)}
        )

    async def unfinished(self) -> Sequence[Summary]:
        query = (
            f"SELECT {_COLUMNS} FROM traversal INDEXED BY traversal_by_status"
            " WHERE is_child IN (0, 1) AND status IN ('New', 'Running', 'Paused') ORDER BY begun_at, id"
        )
        return await self._database.run(lambda connection: [_summary(row) for row in connection.execute(query)])

    async def count_unfinished(self) -> int:
        query = (
            "SELECT count(*) FROM traversal INDEXED BY traversal_by_status"
            " WHERE is_child IN (0, 1) AND status IN ('New', 'Running', 'Paused')"
        )
        return int(await self._database.run(lambda connection: connection.execute(query).fetchone()[0]))

    async def search(self, query: Query) -> Sequence[Summary]:
        rows = await self._database.run(lambda connection: page(connection, _COLUMNS, query))
        return [_summary(row) for row in rows]

    async def forget(self, ended_before: datetime, limit: int) -> int:
        number = to_microseconds(ended_before)
        return await self._database.run(lambda connection: forget(connection, number, limit))


def _write(connection: sqlite3.Connection, shared: SharedValues, change: Change) -> None:
    state, traversal = change.state, change.state.traversal
    last = change.decisions[-1]
    origin = change.origin
    fields = (
        state.version,
        state.status,
        None if origin.plan is None else PLANS.encode(origin.plan),
        None if origin.parent is None else PARENTS.encode(origin.parent),
        origin.root,
        origin.dag,
        origin.name,
        write_json(dict(origin.labels)) if origin.labels else None,
        None if origin.trace is None else f"{origin.trace.traceparent} {origin.trace.tracestate}",
        to_microseconds(last.at) if state.has_ended else None,
        _ending(state) if state.has_ended else None,
    )
    added = state.version - change.base
    if change.base == 0:
        begun_at = change.decisions[0].at
        try:
            connection.execute(
                "INSERT INTO traversal (version, status, plan, parent, root, dag, name, labels, trace, ended_at,"
                " ending, events_since_snapshot, begun_at, is_astray, id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*fields, added, to_microseconds(begun_at), is_astray(traversal, begun_at), traversal),
            )
        except sqlite3.IntegrityError as error:
            raise VersionConflict(traversal, change.base) from error
        since_snapshot = added
    else:
        row = connection.execute(
            "UPDATE traversal SET version = ?, status = ?, plan = ?, parent = ?, root = ?, dag = ?, name = ?,"
            " labels = ?, trace = ?, ended_at = ?, ending = ?,"
            " events_since_snapshot = events_since_snapshot + ? WHERE id = ? AND version = ?"
            " RETURNING events_since_snapshot",
            (*fields, added, traversal, change.base),
        ).fetchone()
        if row is None:
            raise VersionConflict(traversal, change.base)
        since_snapshot = row[0]
    if origin.labels:
        labels = [(label_row(key, value), traversal) for key, value in origin.labels.items()]
        connection.executemany("INSERT OR IGNORE INTO label VALUES (?, ?)", labels)
    connection.executemany(
        "INSERT INTO journal (traversal, version, cause, at, events, effects) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                traversal,
                decision.version,
                decision.cause,
                to_microseconds(decision.at),
                _encoded(connection, shared, EVENTS, decision.events),
                _encoded(connection, shared, EFFECTS, decision.effects),
            )
            for decision in change.decisions
        ],
    )
    if since_snapshot >= max(SNAPSHOT_EVENTS, _size(state)):
        connection.execute(
            "INSERT OR REPLACE INTO snapshot (traversal, version, state) VALUES (?, ?, ?)",
            (traversal, state.version, write_json(shared.put_away(connection, STATES.to_json(state)))),
        )
        connection.execute("UPDATE traversal SET events_since_snapshot = 0 WHERE id = ?", (traversal,))


def _size(state: AnyState) -> int:
    return len(state.nodes) if isinstance(state, TraversalState) else 1


def _ending(state: AnyState) -> bytes:
    error = None if state.error is None else [state.error.code, state.error.message]
    return write_json([state.output, error, state.reason])


def _load(
    connection: sqlite3.Connection, shared: SharedValues, traversals: Sequence[TraversalId]
) -> dict[TraversalId, Stored]:
    rows = select_by(connection, f"SELECT {_COLUMNS} FROM traversal WHERE id IN ({{}})", traversals)
    query = "SELECT traversal, version, state FROM snapshot WHERE traversal IN ({})"
    snapshots = {
        row[0]: _read(STATES.from_json(shared.fetch(connection, read_json(row[2]))))
        for row in select_by(connection, query, traversals)
    }
    loaded: dict[TraversalId, Stored] = {}
    for row in rows:
        traversal, origin = TraversalId(row[0]), _origin(row)
        state = snapshots.get(traversal) or _new(traversal, origin)
        after = connection.execute(
            "SELECT events FROM journal WHERE traversal = ? AND version > ? ORDER BY version",
            (traversal, state.version),
        ).fetchall()
        events = [event for (row_events,) in after for event in _decoded(connection, shared, EVENTS, row_events)]
        loaded[traversal] = Stored(origin=origin, state=_folded(state, events))
    return loaded


def _new(traversal: TraversalId, origin: Origin) -> AnyState:
    return new_series(traversal) if isinstance(origin.plan, SeriesPlan | LoopPlan) else new_traversal(traversal)


def _folded(state: AnyState, events: Sequence[AnyEvent]) -> AnyState:
    """The journal of a traversal has a traversal's events, that of a series a series'."""
    if isinstance(state, SeriesState):
        return fold_series(events, state)  # type: ignore[arg-type]
    return fold(events, state)  # type: ignore[arg-type]


def _origin(row: _Row) -> Origin:
    return Origin(
        plan=None if row[1] is None else _read(PLANS.decode(row[1])),
        parent=None if row[2] is None else _read(PARENTS.decode(row[2])),
        root=TraversalId(row[3]),
        name=row[9],
        labels=_labels(row[10]),
        trace=None if row[11] is None else Trace(*row[11].split(" ", 1)),
    )


def _labels(text: bytes | None) -> Mapping[str, str]:
    labels: Any = {} if text is None else read_json(text)
    return labels  # type: ignore[no-any-return]


def _summary(row: _Row) -> Summary:
    ending: Any = (None, None, None) if row[8] is None else read_json(row[8])
    output, error, reason = ending
    return Summary(
        traversal=TraversalId(row[0]),
        origin=_origin(row),
        status=row[4],
        version=row[5],
        begun_at=from_microseconds(row[6]),
        ended_at=None if row[7] is None else from_microseconds(row[7]),
        output=output,
        error=None if error is None else ErrorDetail(*error),
        reason=reason,
    )


def _decision(connection: sqlite3.Connection, shared: SharedValues, row: _Row) -> Decision:
    version, cause, at, events, effects = row
    return Decision(
        version=version,
        cause=cause,
        at=from_microseconds(at),
        events=_decoded(connection, shared, EVENTS, events),
        effects=_decoded(connection, shared, EFFECTS, effects),
    )


def _encoded(connection: sqlite3.Connection, shared: SharedValues, wire: Wire[T], values: Sequence[T]) -> bytes:
    return write_json([shared.put_away(connection, wire.to_json(value)) for value in values])


def _decoded(connection: sqlite3.Connection, shared: SharedValues, wire: Wire[T], text: bytes) -> tuple[T, ...]:
    documents = read_json(text)
    assert isinstance(documents, list), "a row holds a list"
    return tuple(_read(wire.from_json(shared.fetch(connection, document))) for document in documents)


def _read(outcome: Outcome[T, DecodeError]) -> T:
    if isinstance(outcome, Failure):
        raise ForeignStorage(f"the journal holds what this version cannot read: {outcome.failure()}")
    return outcome.unwrap()
