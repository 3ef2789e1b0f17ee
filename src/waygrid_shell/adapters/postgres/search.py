"""Pages of lists in PostgreSQL: the plan of `waygrid_shell.storage.search_plan`, all streams in one statement.

PostgreSQL takes no hint which index to read. A stream is ordered as only its own index is (`~>~`, see the migration),
and conditions are written so that no index fits them (`|| ''`) and no join is made of them (a value, not EXISTS).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import stored_text
from waygrid_shell.ports.journal import Query
from waygrid_shell.storage.search_plan import COUNTED, Condition, Lead, Source, Stream, conditions, leads, within


@frozen
class _Text:
    """Where a source is read; `id` is the column that its index is ordered by."""

    tables: str
    where: str
    id: str = "traversal.id"


_SOURCES: Final[Mapping[Source, _Text]] = {
    "label": _Text(
        # Each is looked up by itself: a planner that knew no better might compare all with all.
        "label AS lead CROSS JOIN LATERAL (SELECT * FROM traversal WHERE id = lead.traversal OFFSET 0) AS traversal",
        "lead.label = %b",
        "lead.traversal",
    ),
    "one": _Text("traversal", "traversal.id = %b"),
    "family": _Text("traversal", "is_child AND root = %b"),
    "name": _Text("traversal", "name = %b"),
    "dag": _Text("traversal", "dag = %b AND is_child = %b"),
    "status": _Text("traversal", "is_child = %b AND status = %b"),
    "astray": _Text("traversal", "is_astray"),
}

_CONDITIONS: Final[Mapping[Condition, str]] = {
    "no child": "NOT is_child",
    "statuses": "status || '' = ANY(%b)",
    "name": "name || '' = %b",
    "dag": "dag || '' = %b",
    "root": "root || '' = %b",
    "begun from": "begun_at >= %b",
    "begun before": "begun_at < %b",
    "label": "(SELECT true FROM label WHERE label.label = %b AND label.traversal = traversal.id LIMIT 1)",
}


async def page(database: PostgresDatabase, columns: str, query: Query) -> list[Row]:
    """The rows of `columns`, the first of which is `traversal.id`."""
    lead = await _rarest(database, leads(query))
    parts: list[str] = []
    values: list[Any] = []
    for stream in within(lead, query):
        text, of = _select(columns, stream, query)
        parts.append(text)
        values += of
    if len(parts) == 1:
        return await database.browse(parts[0], values)
    text = f"{' UNION ALL '.join(f'({part})' for part in parts)} ORDER BY 1 DESC LIMIT %b::int8"
    return await database.browse(text, (*values, query.limit))


def _select(columns: str, stream: Stream, query: Query) -> tuple[str, list[Any]]:
    source = _SOURCES[stream.source]
    where, values = [source.where], list[Any](map(_value, stream.values))
    for text, bound in ((f"{source.id} ~>=~ %b", stream.least), (f"{source.id} ~<~ %b", stream.most)):
        if bound is not None:
            where.append(text)
            values.append(_value(bound))
    if stream.is_timely:
        where.append("NOT is_astray")
    for condition, of in conditions(query):
        where.append(_CONDITIONS[condition])
        values += [texts([str(each) for each in of])] if condition == "statuses" else [_value(each) for each in of]
    order = f"ORDER BY {source.id} USING ~>~ LIMIT %b::int8"
    return f"SELECT {columns} FROM {source.tables} WHERE {' AND '.join(where)} {order}", [*values, query.limit]


async def _rarest(database: PostgresDatabase, candidates: Sequence[Lead]) -> Lead:
    """The lead with the fewest rows; of those with many the first."""
    if len(candidates) == 1:
        return candidates[0]
    counts: list[str] = []
    values: list[Any] = []
    for lead in candidates:
        parts = []
        for stream in lead:
            source = _SOURCES[stream.source]
            tables = source.tables.partition(" CROSS JOIN ")[0]
            parts.append(
                f"(SELECT count(*) FROM (SELECT FROM {tables} WHERE {source.where} LIMIT {COUNTED}) AS counted)"
            )
            values += [_value(each) for each in stream.values]
        counts.append(" + ".join(parts))
    (found,) = await database.browse(f"SELECT {', '.join(counts)}", values)
    return candidates[found.index(min(found))]


def _value(value: str | int) -> str | int:
    return stored_text(value) if isinstance(value, str) else value
