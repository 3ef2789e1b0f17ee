"""Pages of lists in SQLite: the plan of `waygrid_shell.storage.search_plan`, and by which index a stream is read."""

import heapq
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from attrs import frozen

from waygrid_shell.ports.journal import Query
from waygrid_shell.storage.search_plan import COUNTED, Condition, Lead, Source, Stream, conditions, leads, within

_Row: TypeAlias = tuple[Any, ...]


@frozen
class _Text:
    """Where a source is read; `id` is the column that the index is ordered by."""

    tables: str
    where: str
    id: str = "traversal.id"


_SOURCES: Final[Mapping[Source, _Text]] = {
    "label": _Text(
        "label AS lead CROSS JOIN traversal ON traversal.id = lead.traversal", "lead.label = ?", "lead.traversal"
    ),
    "one": _Text("traversal", "traversal.id = ?"),
    "family": _Text("traversal INDEXED BY traversal_by_root", "is_child AND root = ?"),
    "name": _Text("traversal INDEXED BY traversal_by_name", "name = ?"),
    "dag": _Text("traversal INDEXED BY traversal_by_dag", "dag = ? AND is_child = ?"),
    "status": _Text("traversal INDEXED BY traversal_by_status", "is_child = ? AND status = ?"),
    "astray": _Text("traversal INDEXED BY traversal_astray", "is_astray"),
}

_CONDITIONS: Final[Mapping[Condition, str]] = {
    "no child": "NOT is_child",
    "statuses": "status IN ({})",
    "name": "name = ?",
    "dag": "dag = ?",
    "root": "root = ?",
    "begun from": "begun_at >= ?",
    "begun before": "begun_at < ?",
    "label": "EXISTS (SELECT 1 FROM label WHERE label = ? AND traversal = traversal.id)",
}


def page(connection: sqlite3.Connection, columns: str, query: Query) -> list[_Row]:
    """The rows of `columns`, the first of which is `traversal.id`."""
    lead = _rarest(connection, leads(query))
    streams = [_rows(connection, columns, stream, query) for stream in within(lead, query)]
    return list(islice(heapq.merge(*streams, key=lambda row: row[0], reverse=True), query.limit))


def _rows(connection: sqlite3.Connection, columns: str, stream: Stream, query: Query) -> Iterator[_Row]:
    source = _SOURCES[stream.source]
    where, values = [source.where], list[str | int](stream.values)
    for text, bound in ((f"{source.id} >= ?", stream.least), (f"{source.id} < ?", stream.most)):
        if bound is not None:
            where.append(text)
            values.append(bound)
    if stream.is_timely:
        where.append("NOT is_astray")
    for condition, of in conditions(query):
        where.append(_CONDITIONS[condition].format(", ".join("?" * len(of))))
        values.extend(of)
    text = f"SELECT {columns} FROM {source.tables} WHERE {' AND '.join(where)} ORDER BY {source.id} DESC LIMIT ?"
    return iter(connection.execute(text, (*values, query.limit)).fetchall())


def _rarest(connection: sqlite3.Connection, candidates: Sequence[Lead]) -> Lead:
    """The lead with the fewest rows; of those with many the first."""
    if len(candidates) == 1:
        return candidates[0]
    counted = []
    for lead in candidates:
        count = 0
        for stream in lead:
            source = _SOURCES[stream.source]
            text = f"SELECT count(*) FROM (SELECT 1 FROM {source.tables} WHERE {source.where} LIMIT {COUNTED})"
            count += connection.execute(text, stream.values).fetchone()[0]
        counted.append(count)
    return candidates[counted.index(min(counted))]
