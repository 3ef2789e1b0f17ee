"""What SQLite itself does on this disk: the measure beside which the plant's figures stand."""

import sqlite3
import time
from pathlib import Path
from typing import Final

from attrs import frozen

ROW: Final = b"x" * 200
ROWS_A_COMMIT: Final = 500


@frozen
class Baseline:
    """Rows of 200 bytes a second, many to a commit and one to a commit; every commit is synced to the disk."""

    batched_rows: float
    single_rows: float


def baseline(folder: Path, seconds: float) -> Baseline:
    """Measured for so long each, as the plant writes: WAL, synchronous=FULL, one connection."""
    return Baseline(
        batched_rows=_rate(folder / "batched.db", ROWS_A_COMMIT, seconds),
        single_rows=_rate(folder / "single.db", 1, seconds),
    )


def _rate(path: Path, rows: int, for_seconds: float) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE row (number INTEGER PRIMARY KEY, value BLOB NOT NULL)")
    values = [(ROW,)] * rows
    written, began = 0, time.perf_counter()
    while (seconds := time.perf_counter() - began) < for_seconds:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO row (value) VALUES (?)", values)
        connection.execute("COMMIT")
        written += rows
    connection.close()
    return written / seconds
