"""Forgets traversals that ended long ago, and all that is kept because of them.

What is over is looked for where people read, and deleted a bounded number of rows a transaction, so that whoever writes
waits for none of it. A family goes from its children to its root: cut short by a crash, it is gone on with at the next
time. SQLite writes new rows into the pages that become free; the file does not grow smaller.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from waygrid_core.model.instant import to_microseconds
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import delete_rows
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.storage.id_times import ASTRAY, MILLISECOND, first_id
from waygrid_shell.storage.labels import label_row, labels_of

_TRAVERSALS_AT_ONCE: Final = 64
_ROWS_AT_ONCE: Final = 1_000
"""Traversals, and rows of their journals, that one transaction deletes."""

_DELETES: Final = (
    "DELETE FROM snapshot WHERE traversal IN ({})",
    "DELETE FROM claim WHERE traversal IN ({})",
    "DELETE FROM mailbox WHERE key IN ({}) AND NOT has_waiting",
    "DELETE FROM traversal WHERE id IN ({})",
)

_HAS_ENDED: Final = """
    status IN ('Completed', 'Failed', 'Canceled', 'TimedOut') AND ended_at < :before AND NOT EXISTS (
        SELECT 1 FROM traversal AS child WHERE child.is_child AND child.root = traversal.id AND child.ended_at IS NULL
    ) LIMIT :limit
"""
# What is younger than that by its id cannot have ended before, but for what is astray.
_OVER: Final = f"""
    SELECT id FROM traversal INDEXED BY traversal_by_status
    WHERE is_child = 0 AND id < :first AND NOT is_astray AND {_HAS_ENDED}
"""
_ASTRAY_AND_OVER: Final = f"""
    SELECT id FROM traversal INDEXED BY traversal_astray WHERE is_astray AND NOT is_child AND {_HAS_ENDED}
"""
_ORPHANS: Final = """
    SELECT id FROM traversal AS child INDEXED BY traversal_by_root
    WHERE is_child AND NOT EXISTS (SELECT 1 FROM traversal AS root WHERE root.id = child.root)
    AND ended_at < :before LIMIT :limit
"""
"""Children that began only after their family was forgotten: the request for them had lain somewhere."""


async def forget(database: Database, ended_before: datetime, limit: int) -> int:
    """Forget at most `limit` users' traversals that ended before that; how many they were."""
    forgotten = 0
    for query in (_OVER, _ASTRAY_AND_OVER, _ORPHANS):
        values: dict[str, int | str] = {
            "before": to_microseconds(ended_before),
            "first": first_id(ended_before, ASTRAY + MILLISECOND),
            "limit": limit - forgotten,
        }
        found = await database.browse(partial(_ids, query=query, values=values))
        await _forget_all(database, found)
        forgotten += 0 if query is _ORPHANS else len(found)
    return forgotten


def _ids(connection: sqlite3.Connection, query: str, values: Mapping[str, int | str]) -> list[str]:
    return [traversal for (traversal,) in connection.execute(query, values).fetchall()]


async def _forget_all(database: Database, roots: Sequence[str]) -> None:
    for start in range(0, len(roots), _TRAVERSALS_AT_ONCE):
        part = roots[start : start + _TRAVERSALS_AT_ONCE]
        while await database.run(partial(forget_some, roots=part)):
            pass


def forget_some(connection: sqlite3.Connection, roots: Sequence[str]) -> bool:
    """Forget some of the families of these roots; whether there may be more."""
    children = select_by(
        connection,
        "SELECT id, labels FROM traversal INDEXED BY traversal_by_root"
        f" WHERE is_child AND root IN ({{}}) AND ended_at IS NOT NULL LIMIT {_TRAVERSALS_AT_ONCE}",
        roots,
    )
    query = "SELECT id, labels FROM traversal WHERE id IN ({})"
    rows = children or select_by(connection, query, roots)
    ids = [traversal for traversal, _ in rows]
    journal = f"SELECT position FROM journal WHERE traversal IN ({{}}) LIMIT {_ROWS_AT_ONCE}"
    if delete_rows(connection, f"DELETE FROM journal WHERE position IN ({journal})", ids) >= _ROWS_AT_ONCE:
        return True
    _forget_labels(connection, rows)
    _forget_values(connection, ids)
    for delete in _DELETES:
        delete_rows(connection, delete, ids)
    return bool(children)


def _forget_labels(connection: sqlite3.Connection, rows: Sequence[tuple[str, bytes | None]]) -> None:
    labels = [
        (label_row(key, value), traversal)
        for traversal, text in rows
        if text is not None
        for key, value in labels_of(text).items()
    ]
    connection.executemany("DELETE FROM label WHERE label = ? AND traversal = ?", labels)


def _forget_values(connection: sqlite3.Connection, traversals: Sequence[str]) -> None:
    """The shared values that nobody else uses."""
    used = select_by(connection, "SELECT hash FROM shared_use WHERE traversal IN ({})", traversals)
    delete_rows(connection, "DELETE FROM shared_use WHERE traversal IN ({})", traversals)
    delete_rows(
        connection,
        "DELETE FROM shared_value WHERE hash IN ({})"
        " AND NOT EXISTS (SELECT 1 FROM shared_use WHERE shared_use.hash = shared_value.hash)",
        list({shared for (shared,) in used}),
    )
