"""PostgreSQL: a server for a test session, and a database for a test."""

import asyncio
import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg

from tests.free_port import free_port
from tests.servers.processes import Server, folder, memory
from tests.servers.programs import program
from waygrid_core.model.digest import digest_hex
from waygrid_shell.adapters.postgres.migrate import migrate
from waygrid_shell.adapters.postgres.partitions import partition_of
from waygrid_shell.settings.settings import PostgresSettings
from waygrid_shell.storage.migrations import known_migrations

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


@contextmanager
def postgres(*, durable: bool = False) -> Iterator["Postgres"]:
    """A server that runs as long as the context lasts; `durable` keeps fsync on, for tests that kill it.

    It is the one that the environment names, or one of its own.
    """
    given = os.environ.get("WAYGRID_TEST_POSTGRES")
    if given:
        yield Postgres(given, None)
        return
    within = None if durable else memory()
    with own_postgres({"fsync": "on" if durable else "off"}, within) as started:
        yield started


@contextmanager
def own_postgres(settings: Mapping[str, str], within: Path | None = None) -> Iterator["Postgres"]:
    """A server of its own, whatever the environment names, with these settings; its data is in a folder `within` one.

    Its write-ahead log is in small pieces, if it is told where to be: so that a small disk can hold it.
    """
    # PostgreSQL does not run as root: then it runs as the user that its package has made, or as nobody.
    user = _other_user() if os.geteuid() == 0 else None
    initdb, server = program("initdb"), program("postgres")
    with folder("postgres", user, within) as place:
        data, port = place / "data", free_port()
        command = [str(initdb), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
        command += ["--locale=C.UTF-8", *([] if within is None else ["--wal-segsize=1"])]
        subprocess.run(command, check=True, user=user, cwd=place, timeout=120, stdout=subprocess.DEVNULL)
        all_settings = {**_SETTINGS, "port": str(port), **settings}
        options = [part for name, value in all_settings.items() for part in ("-c", f"{name}={value}")]
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        process = Server([str(server), "-D", str(data), *options], place / "log", lambda: _answers(url), user=user)
        (place / "log").touch()
        process.start()
        try:
            yield Postgres(url, process)
        finally:
            process.stop()


class Postgres:
    """A server that runs. `process` is None for one that was given."""

    def __init__(self, url: str, process: Server | None) -> None:
        self.url = url
        self.process = process

    @contextmanager
    def migrated_database(self) -> Iterator[str]:
        """The same with the tables of this version, copied from a template that is made once."""
        with self.database(template=self._template()) as url:
            yield url

    def _template(self) -> str:
        """The name of a database that is migrated; its name says by which files, and for which week."""
        files = "".join(migration.digest for migration in known_migrations("waygrid_shell.adapters.postgres"))
        name = f"waygrid_template_{digest_hex(files.encode())[:12]}_{partition_of(datetime.now(UTC)).suffix}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(7)")  # other workers of the test command make it too
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}_part"')
                connection.execute(f'CREATE DATABASE "{name}_part"')
                # In a thread: an event loop may be running in this one.
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(asyncio.run, migrate(PostgresSettings(url=self._url_of(f"{name}_part")))).result()
                connection.execute(f'ALTER DATABASE "{name}_part" RENAME TO "{name}"')
        return name

    def _url_of(self, database: str) -> str:
        return f"{self.url.rpartition('/')[0]}/{database}"

    @contextmanager
    def database(self, *, template: str = "template1") -> Iterator[str]:
        """The URL of a database of its own, dropped at the end."""
        name = f"waygrid_{uuid4().hex[:12]}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self._url_of(name)
        finally:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @property
    def version(self) -> str:
        """Which PostgreSQL it is."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
        return str(row[0])


def _other_user() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise AssertionError("every system has a user nobody")


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False
