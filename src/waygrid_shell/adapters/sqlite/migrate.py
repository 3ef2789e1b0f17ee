"""Brings a file to the shape that this version knows, see `waygrid_shell.storage.migrations`."""

import sqlite3

from waygrid_shell.ports.failure import ForeignStorage
from waygrid_shell.storage.migrations import Migration, missing_migrations
from waygrid_shell.storage.migrations import known_migrations as migrations_of

APPLICATION_ID = 0x57475244
""""WGRD", in the header of the file: whose it is."""


def known_migrations() -> tuple[Migration, ...]:
    """The steps of this version, in order."""
    return migrations_of("waygrid_shell.adapters.sqlite")


def migrate(connection: sqlite3.Connection, path: str, migrations: tuple[Migration, ...] | None = None) -> None:
    """Apply what is missing, in one transaction. Raises `ForeignStorage`; the connection must be in autocommit mode."""
    migrations = known_migrations() if migrations is None else migrations
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    has_tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0
    if application != APPLICATION_ID and (application != 0 or has_tables):
        raise ForeignStorage(f"{path} is a database of another program; give another --data-dir")
    applied = _applied(connection) if has_tables else {}
    missing = missing_migrations(migrations, applied, path)
    if not missing:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, digest TEXT NOT NULL)")
        for migration in missing:
            for statement in statements(migration.sql):
                connection.execute(statement)
            connection.execute("INSERT INTO migration VALUES (?, ?)", (migration.name, migration.digest))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def statements(sql: str) -> list[str]:
    """The statements of a script, one by one: `executescript` would commit what is open."""
    found: list[str] = []
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found


def _applied(connection: sqlite3.Connection) -> dict[str, str]:
    try:
        return dict(connection.execute("SELECT name, digest FROM migration ORDER BY name").fetchall())
    except sqlite3.OperationalError:
        return {}
