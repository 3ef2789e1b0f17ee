"""Which traversals a list shows: pages, newest id first, by keys and never by counting.

A page is merged from streams, each in the order of ids from an index: one a status, say, or the traversals of one
label. Of all that is asked for, what the fewest traversals have leads; the rest is looked at row by row.

Instants of beginning need no index of their own: an id tells its time, and the few traversals that began at another
time than their ids tell (`is_astray`, see `storage.id_times`) are a stream of their own.
"""

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias, get_args

from attrs import frozen

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import to_microseconds
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.ports.journal import Query
from waygrid_shell.storage.id_times import ASTRAY, MILLISECOND, first_id
from waygrid_shell.storage.labels import label_row

_COUNTED: Final = 1_000
"""How far it is counted how many traversals have what is asked for."""

_STATUSES: Final = get_args(TraversalStatus)
_Row: TypeAlias = tuple[Any, ...]


@frozen
class _Stream:
    """Rows in the order of `id`, a column that the index of `source` is ordered by."""

    source: str
    where: str
    values: tuple[str | int, ...]
    id: str = "traversal.id"


_Lead: TypeAlias = Sequence[_Stream]


def page(connection: sqlite3.Connection, columns: str, query: Query) -> list[_Row]:
    """The rows of `columns`, the first of which is `traversal.id`."""
    conditions, values = _conditions(query)
    lead = _rarest(connection, _leads(query))
    streams = [_rows(connection, columns, stream, conditions, values, query.limit) for stream in _within(lead, query)]
    return list(islice(heapq.merge(*streams, key=lambda row: row[0], reverse=True), query.limit))


def _rows(
    connection: sqlite3.Connection,
    columns: str,
    stream: _Stream,
    conditions: Sequence[str],
    values: Sequence[str | int],
    limit: int,
) -> Iterator[_Row]:
    where = " AND ".join([stream.where, *conditions])
    text = f"SELECT {columns} FROM {stream.source} WHERE {where} ORDER BY {stream.id} DESC LIMIT ?"
    return iter(connection.execute(text, (*stream.values, *values, limit)).fetchall())


def _rarest(connection: sqlite3.Connection, leads: Sequence[_Lead]) -> _Lead:
    """The lead with the fewest rows; of those with many the first."""
    if len(leads) == 1:
        return leads[0]
    counted = []
    for lead in leads:
        count = 0
        for stream in lead:
            text = f"SELECT count(*) FROM (SELECT 1 FROM {stream.source} WHERE {stream.where} LIMIT {_COUNTED})"
            count += connection.execute(text, stream.values).fetchone()[0]
        counted.append(count)
    return leads[counted.index(min(counted))]


def _within(lead: _Lead, query: Query) -> list[_Stream]:
    """The streams of a lead as far as the query goes, and those that are astray."""
    leads = [_before(stream, query.after) for stream in lead]
    if query.begun_from is None and query.begun_before is None:
        return leads
    least = "" if query.begun_from is None else first_id(query.begun_from, -ASTRAY)
    most = "Z" if query.begun_before is None else first_id(query.begun_before, ASTRAY + MILLISECOND)
    timely = [
        _Stream(
            stream.source,
            f"{stream.where} AND {stream.id} >= ? AND {stream.id} < ? AND NOT is_astray",
            (*stream.values, least, most),
            stream.id,
        )
        for stream in leads
    ]
    astray = _Stream("traversal INDEXED BY traversal_astray", "is_astray", ())
    return [*timely, _before(astray, query.after)]


def _before(stream: _Stream, after: TraversalId | None) -> _Stream:
    if after is None:
        return stream
    return _Stream(stream.source, f"{stream.where} AND {stream.id} < ?", (*stream.values, after), stream.id)


def _leads(query: Query) -> list[_Lead]:
    """Each has all that match, and each once."""
    kinds = (0, 1) if query.with_children else (0,)
    leads: list[_Lead] = []
    for key, value in query.labels.items():
        source = "label AS lead CROSS JOIN traversal ON traversal.id = lead.traversal"
        leads.append([_Stream(source, "lead.label = ?", (label_row(key, value),), "lead.traversal")])
    if query.root is not None:
        root = _Stream("traversal", "traversal.id = ?", (query.root,))
        family = _Stream("traversal INDEXED BY traversal_by_root", "is_child AND root = ?", (query.root,))
        leads.append([root, family] if query.with_children else [root])
    if query.name is not None:
        leads.append([_Stream("traversal INDEXED BY traversal_by_name", "name = ?", (query.name,))])
    if query.dag is not None:
        source, where = "traversal INDEXED BY traversal_by_dag", "dag = ? AND is_child = ?"
        leads.append([_Stream(source, where, (query.dag, kind)) for kind in kinds])
    if query.statuses or not leads:
        source, where = "traversal INDEXED BY traversal_by_status", "is_child = ? AND status = ?"
        statuses = sorted(query.statuses) or _STATUSES
        leads.append([_Stream(source, where, (kind, status)) for kind in kinds for status in statuses])
    return leads


def _conditions(query: Query) -> tuple[list[str], list[str | int]]:
    conditions: list[str] = []
    values: list[str | int] = []

    def add(condition: str, *of: str | int) -> None:
        conditions.append(condition)
        values.extend(of)

    if not query.with_children:
        add("NOT is_child")
    if query.statuses:
        add(f"status IN ({', '.join('?' * len(query.statuses))})", *sorted(query.statuses))
    if query.name is not None:
        add("name = ?", query.name)
    if query.dag is not None:
        add("dag = ?", query.dag)
    if query.root is not None:
        add("root = ?", query.root)
    if query.begun_from is not None:
        add("begun_at >= ?", to_microseconds(query.begun_from))
    if query.begun_before is not None:
        add("begun_at < ?", to_microseconds(query.begun_before))
    for key, value in query.labels.items():
        add("EXISTS (SELECT 1 FROM label WHERE label = ? AND traversal = traversal.id)", label_row(key, value))
    return conditions, values
