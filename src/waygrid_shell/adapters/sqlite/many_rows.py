"""Many rows with few statements.

Each statement that runs gives the interpreter lock away and has to get it back, from an event loop that is busy. So
rows are written by statements for many at a time, of a few sizes, so that SQLite has each of them prepared.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

_SIZES: Final = (256, 64, 16, 4, 1)
_MAX_VARIABLES: Final = 999
"""What every build of SQLite allows in a statement."""


def insert_rows(connection: sqlite3.Connection, insert: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of one width; `insert` is a statement up to its VALUES."""
    for part in parts(rows):
        statement = f"{insert} VALUES {marks(len(part[0]), len(part))}"
        connection.execute(statement, [value for row in part for value in row])


def delete_rows(connection: sqlite3.Connection, delete: str, keys: Sequence[str | int]) -> int:
    """Delete the rows of `keys`, whose place in `IN ({})` the statement leaves open; how many there were."""
    deleted = 0
    for part in parts([(key,) for key in keys]):
        statement = delete.format(", ".join("?" * len(part)))
        deleted += connection.execute(statement, [key for (key,) in part]).rowcount
    return deleted


@cache
def marks(width: int, count: int) -> str:
    """`count` rows of question marks, each `width` wide: `(?, ?), (?, ?)`."""
    row = f"({', '.join('?' * width)})"
    return ", ".join([row] * count)


def parts(rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows in parts of few sizes, all of which fit into a statement."""
    start = 0
    while start < len(rows):
        left, width = len(rows) - start, len(rows[start])
        size = next(size for size in _SIZES if size == 1 or (size <= left and size * width <= _MAX_VARIABLES))
        yield rows[start : start + size]
        start += size
