"""Forgets traversals that ended long ago, and all that is kept because of them."""

import sqlite3

_OVER = """
    SELECT id FROM traversal WHERE is_child = 0 AND status IN ('Completed', 'Failed', 'Canceled', 'TimedOut')
    AND ended_at < ? AND NOT EXISTS (
        SELECT 1 FROM traversal AS child WHERE child.is_child AND child.root = traversal.id AND child.ended_at IS NULL
    ) LIMIT ?
"""


def forget(connection: sqlite3.Connection, ended_before: int, limit: int) -> int:
    """Forget at most `limit` users' traversals that ended before that; how many they were."""
    roots = [root for (root,) in connection.execute(_OVER, (ended_before, limit)).fetchall()]
    for root in roots:
        children = connection.execute("SELECT id FROM traversal WHERE is_child AND root = ?", (root,)).fetchall()
        for traversal in (root, *(child for (child,) in children)):
            _forget(connection, traversal)
    return len(roots)


def _forget(connection: sqlite3.Connection, traversal: str) -> None:
    row = connection.execute("SELECT labels FROM traversal WHERE id = ?", (traversal,)).fetchone()
    if row is not None and row[0] is not None:
        connection.execute(
            "DELETE FROM label WHERE traversal = ?1 AND label IN"
            " (SELECT key || ':' || value FROM json_each(CAST(?2 AS TEXT)))",
            (traversal, row[0]),
        )
    for table in ("journal", "snapshot", "claim"):
        connection.execute(f"DELETE FROM {table} WHERE traversal = ?", (traversal,))
    connection.execute("DELETE FROM mailbox WHERE key = ? AND NOT has_waiting", (traversal,))
    connection.execute("DELETE FROM traversal WHERE id = ?", (traversal,))
