"""What a batch of changes writes, as one statement.

`WITH` has a part a table, those only that the batch has rows for; so there are few texts, and each is planned once.
The guard: if fewer traversals have grown than should, for one of them is at another version, it divides by zero, and
nothing of the statement is done.

A traversal of which only a cancel had been heard has no plan, and learns it from the request that comes later. That is
rare, and a statement that says it of every row would send much in vain: such a row fails the guard, and the batch is
written again by a statement that does.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from attrs import frozen

from waygrid_shell.adapters.postgres.columns import blobs, flags, numbers, texts
from waygrid_shell.storage.journal_rows import ChangeRows, Row, label_rows, origin_row

_BORN: Final = """born AS (
  INSERT INTO traversal (id, version, status, ended_at, ending, plan, parent, root, dag, name, labels, trace, begun_at,
    is_astray, changed_at, is_child)
  SELECT n.*, n.id <> n.root
  FROM unnest(%b::text[], %b::int8[], %b::text[], %b::int8[], %b::bytea[], %b::bytea[], %b::bytea[], %b::text[],
    %b::text[], %b::text[], %b::bytea[], %b::text[], %b::int8[], %b::bool[], %b::int8[])
    AS n (id, version, status, ended_at, ending, plan, parent, root, dag, name, labels, trace, begun_at, is_astray,
    changed_at)
)"""
_GROWN: Final = """grown AS (
  UPDATE traversal SET version = n.version, status = n.status, ended_at = n.ended_at, ending = n.ending,
    changed_at = n.changed_at
  FROM unnest(%b::text[], %b::int8[], %b::int8[], %b::text[], %b::int8[], %b::bytea[], %b::int8[], %b::bool[])
    AS n (id, base, version, status, ended_at, ending, changed_at, has_plan)
  WHERE traversal.id = n.id AND traversal.version = n.base
  RETURNING n.has_plan AND traversal.plan IS NULL AS is_nameless
)"""
_GROWN_AND_NAMED: Final = """grown AS (
  UPDATE traversal SET version = n.version, status = n.status, ended_at = n.ended_at, ending = n.ending,
    changed_at = n.changed_at, plan = n.plan, parent = n.parent, root = n.root, dag = n.dag, name = n.name,
    labels = n.labels, trace = n.trace, is_child = n.id <> n.root
  FROM unnest(%b::text[], %b::int8[], %b::int8[], %b::text[], %b::int8[], %b::bytea[], %b::int8[], %b::bool[],
    %b::bytea[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[])
    AS n (id, base, version, status, ended_at, ending, changed_at, has_plan, plan, parent, root, dag, name, labels,
    trace)
  WHERE traversal.id = n.id AND traversal.version = n.base
  RETURNING false AS is_nameless
)"""
_LABELS: Final = """labeled AS (
  INSERT INTO label (label, traversal) SELECT n.* FROM unnest(%b::text[], %b::text[]) AS n (label, traversal)
  WHERE NOT EXISTS (SELECT FROM label WHERE label.label = n.label AND label.traversal = n.traversal)
)"""
_VALUES: Final = """valued AS (
  INSERT INTO shared_value (traversal, hash, value) SELECT * FROM unnest(%b::text[], %b::text[], %b::bytea[])
  ON CONFLICT DO NOTHING
)"""
_SNAPSHOTS: Final = """snapped AS (
  INSERT INTO snapshot (traversal, version, state) SELECT * FROM unnest(%b::text[], %b::int8[], %b::bytea[])
  ON CONFLICT (traversal) DO UPDATE SET version = excluded.version, state = excluded.state
)"""
_DECISIONS: Final = """decided AS (
  INSERT INTO journal (traversal, version, cause, at, events, effects)
  SELECT * FROM unnest(%b::text[], %b::int8[], %b::text[], %b::int8[], %b::bytea[], %b::bytea[])
)"""
_GUARD: Final = "SELECT 1 / ((SELECT count(*) FROM grown WHERE NOT is_nameless) = %b::int8)::int"

_BORN_COLUMNS: Final = (
    *(texts, numbers, texts, numbers, blobs, blobs, blobs, texts, texts, texts, blobs, texts, numbers, flags, numbers),
)
_ORIGIN_COLUMNS: Final = (blobs, blobs, texts, texts, texts, blobs, texts)


@frozen
class Writing:
    """A statement and its parameters."""

    text: str
    values: Sequence[Any]


def writing_of(rows: ChangeRows) -> Writing:
    """The statement of a batch. It gives one row, or divides by zero."""
    return _writing(rows, is_naming=False)


def naming_writing_of(rows: ChangeRows) -> Writing:
    """The same, which also writes the origins of those that have grown."""
    return _writing(rows, is_naming=True)


def _writing(rows: ChangeRows, *, is_naming: bool) -> Writing:
    parts: list[str] = []
    values: list[Any] = []
    changed_at = {row[0]: row[3] for row in rows.decisions}  # the last of each stays
    # In order of ids: two writers of the same rows lock them in the same order.
    born, labels = sorted(rows.born, key=_id), [*rows.labels]
    if born:
        parts.append(_BORN)
        columns = _columns(_BORN_COLUMNS, [(*row, changed_at[row[0]]) for row in born])
        values += columns
    if rows.grown:
        grown = sorted(rows.grown, key=_id)
        ids, bases, versions, statuses, ends, endings = zip(*grown, strict=True)
        parts.append(_GROWN_AND_NAMED if is_naming else _GROWN)
        values += [texts(ids), numbers(bases), numbers(versions), texts(statuses), numbers(ends), blobs(endings)]
        values.append(numbers([changed_at[each] for each in ids]))
        origins = [rows.origins[each] for each in ids]
        values.append(flags([origin.plan is not None for origin in origins]))
        if is_naming:
            values += _columns(_ORIGIN_COLUMNS, [origin_row(origin) for origin in origins])
            labels += [label for each, origin in rows.origins.items() for label in label_rows(each, origin)]
    if labels:
        parts.append(_LABELS)
        values += _columns((texts, texts), sorted(labels))
    if rows.uses:
        parts.append(_VALUES)
        values += _columns((texts, texts, blobs), [(*use, rows.values[use[1]]) for use in sorted(rows.uses)])
    if rows.snapshots:
        parts.append(_SNAPSHOTS)
        values += _columns((texts, numbers, blobs), sorted(rows.snapshots, key=_id))
    parts.append(_DECISIONS)
    values += _columns((texts, numbers, texts, numbers, blobs, blobs), rows.decisions)
    if rows.grown:
        values.append(len(rows.grown))
    return Writing(_text(tuple(parts), _GUARD if rows.grown else "SELECT 1"), values)


@cache
def _text(parts: tuple[str, ...], end: str) -> str:
    return f"WITH {', '.join(parts)} {end}"


def _columns(kinds: Sequence[Any], rows: Sequence[Row]) -> list[Any]:
    return [kind(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]


def _id(row: Row) -> str:
    return str(row[0])
