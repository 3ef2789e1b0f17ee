"""Selecting many rows by their keys, however many keys there are."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from waygrid_shell.adapters.sqlite.many_rows import marks, parts

_KEYS_A_QUERY = 500
"""Below the 999 variables that every build of SQLite allows."""


def select_by(connection: sqlite3.Connection, query: str, keys: Sequence[str]) -> list[Any]:
    """The rows of `query`, whose `{}` stands in `IN ({})` for the keys."""
    rows: list[Any] = []
    for start in range(0, len(keys), _KEYS_A_QUERY):
        part = keys[start : start + _KEYS_A_QUERY]
        rows += connection.execute(query.format(", ".join("?" * len(part))), part).fetchall()
    return rows


def select_by_pairs(connection: sqlite3.Connection, query: str, pairs: Sequence[tuple[str, str]]) -> list[Any]:
    """The same by keys of two columns, for which `{}` stands in `VALUES {}`."""
    rows: list[Any] = []
    for part in parts(pairs):
        values = [value for pair in part for value in pair]
        rows += connection.execute(query.format(marks(2, len(part))), values).fetchall()
    return rows
