"""Brings a file to the shape that this version knows: plain SQL files, in order of their numbers, each applied once.

The file remembers the name and the hash of each. One that it remembers and that is not here, or reads differently,
means a newer version or a change by hand: then nothing is touched.
"""

import re
import sqlite3
from importlib.resources import files

from attrs import frozen

from waygrid_core.model.digest import digest_hex
from waygrid_shell.ports.failure import ForeignStorage

APPLICATION_ID = 0x57475244
""""WGRD", in the header of the file: whose it is."""

_NAME = re.compile(r"\d{4}_[a-z_]+\.sql")


@frozen
class Migration:
    """One step, by the name of its file."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """What the file remembers of it."""
        return digest_hex(self.sql.encode())


def known_migrations() -> tuple[Migration, ...]:
    """The steps of this version, in order."""
    folder = files("waygrid_shell.adapters.sqlite").joinpath("migrations")
    found = [entry for entry in folder.iterdir() if _NAME.fullmatch(entry.name)]
    return tuple(Migration(entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda each: each.name))


def migrate(connection: sqlite3.Connection, path: str, migrations: tuple[Migration, ...] | None = None) -> None:
    """Apply what is missing, in one transaction. Raises `ForeignStorage`; the connection must be in autocommit mode."""
    migrations = known_migrations() if migrations is None else migrations
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    has_tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] > 0
    if application != APPLICATION_ID and (application != 0 or has_tables):
        raise ForeignStorage(f"{path} is a database of another program; give another --data-dir")
    applied = _applied(connection) if has_tables else {}
    known = {migration.name: migration.digest for migration in migrations}
    for name, digest in applied.items():
        if name not in known:
            raise ForeignStorage(f"{path} was written by a newer Waygrid (it has had {name}); use that version")
        if known[name] != digest:
            raise ForeignStorage(
                f"{path} has had another {name} than this Waygrid knows; use the version that wrote it"
            )
    missing = [migration for migration in migrations if migration.name not in applied]
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
