"""The SQLite file itself: commits, full disks, foreign and newer files, one owner."""

import sqlite3
from pathlib import Path

import anyio
import pytest

from tests.contract.traversals import Story, chain
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.adapters.sqlite.database import open_database
from waygrid_shell.adapters.sqlite.migrate import APPLICATION_ID, known_migrations, migrate, statements
from waygrid_shell.ports.failure import ForeignStorage, StorageFull, StorageInUse, Unavailable
from waygrid_shell.runtime.wiring import DATABASE_FILE, database_ports, sqlite_ports
from waygrid_shell.storage.migrations import Migration

pytestmark = pytest.mark.anyio


async def test_a_job_that_raises_leaves_no_trace_and_spares_its_neighbours(tmp_path: Path) -> None:
    async with open_database(tmp_path / "x.db") as database:

        def bad(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO claim VALUES ('bad', 'T', '')")
            raise LookupError("mine")

        async def write_bad() -> None:
            with pytest.raises(LookupError, match="mine"):
                await database.run(bad)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write_bad)
            for number in range(20):
                tasks.start_soon(database.write, "INSERT INTO claim VALUES (?, 'T', '')", [(f"good-{number}",)])
        rows = await database.run(lambda connection: connection.execute("SELECT key FROM claim").fetchall())
        assert {row[0] for row in rows} == {f"good-{number}" for number in range(20)}


async def test_a_full_disk_is_said_plainly_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE

    def records(begin: int) -> list[TransportEnvelope]:
        return [
            TransportEnvelope(topic="processor.x", key="k", headers={"ce_id": f"{number}"}, value=b"x" * 4_000)
            for number in range(begin, begin + 10)
        ]

    written = 0
    async with open_database(path, {"max_page_count": 100}) as database:
        ports = database_ports(database)
        refusal = ""
        while not refusal:
            try:
                await ports.event_log.publish(records(written))
                written += 10
            except StorageFull as failure:
                refusal = str(failure)
        assert "make room" in refusal
        assert written > 0
        assert await ports.event_log.backlog() == {"processor.x": written}
    async with open_database(path) as database:  # there is room again
        ports = database_ports(database)
        await ports.event_log.publish(records(written))
        assert await ports.event_log.backlog() == {"processor.x": written + 10}


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ForeignStorage, match="another program"):
        async with sqlite_ports(tmp_path):
            pass
    assert path.read_bytes() == before


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    path.write_text("what is this doing here? " * 100)
    with pytest.raises(ForeignStorage, match="no data of Waygrid"):
        async with sqlite_ports(tmp_path):
            pass
    assert path.read_text().startswith("what is this")


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with sqlite_ports(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / DATABASE_FILE)
    connection.execute("INSERT INTO migration VALUES ('9999_later.sql', 'x')")
    connection.commit()
    connection.close()
    with pytest.raises(ForeignStorage, match="newer Waygrid"):
        async with sqlite_ports(tmp_path):
            pass


async def test_a_migration_that_reads_differently_now_is_noticed(tmp_path: Path) -> None:
    async with sqlite_ports(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / DATABASE_FILE)
    connection.execute("UPDATE migration SET digest = 'x'")
    connection.commit()
    connection.close()
    with pytest.raises(ForeignStorage, match="than this Waygrid knows"):
        async with sqlite_ports(tmp_path):
            pass


def test_a_new_migration_is_applied_to_an_old_file_once() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    first = Migration("0001_a.sql", "CREATE TABLE a (x);")
    inserts = "-- a; comment\nINSERT INTO a VALUES ('one; two');\nINSERT INTO a VALUES ('three');"
    second = Migration("0002_b.sql", inserts)
    migrate(connection, "memory", (first,))
    migrate(connection, "memory", (first, second))
    migrate(connection, "memory", (first, second))
    assert connection.execute("SELECT x FROM a").fetchall() == [("one; two",), ("three",)]
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    connection.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    first = Migration("0001_a.sql", "CREATE TABLE a (x);")
    migrate(connection, "memory", (first,))
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, "memory", (first, Migration("0002_b.sql", "CREATE TABLE b (x);\nCREATE TABLE a (x);")))
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'b'").fetchone() == (0,)
    migrate(connection, "memory", (first,))
    connection.close()


def test_every_statement_of_every_migration_is_whole() -> None:
    for migration in known_migrations():
        assert sum(len(statement) for statement in statements(migration.sql)) >= len(migration.sql.rstrip())


async def test_a_job_that_reads_before_it_writes_waits_for_another_that_writes(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    def count_and_write(connection: sqlite3.Connection) -> int:
        (before,) = connection.execute("SELECT count(*) FROM claim").fetchone()
        connection.execute("INSERT INTO claim VALUES ('ours', 'T', '')")
        return int(before)

    async with open_database(path) as database:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO claim VALUES ('another', 'T', '')")
        counted: list[int] = []

        async def count() -> None:
            counted.append(await database.run(count_and_write))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            await anyio.sleep(0.05)  # long enough for the job to begin, and to be refused if it did not wait
            other.execute("COMMIT")
        other.close()
        assert counted == [1], "it saw what the other had written"


async def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    async with sqlite_ports(tmp_path):
        with pytest.raises(StorageInUse, match="in use by another process"):
            async with sqlite_ports(tmp_path):
                pass
    async with sqlite_ports(tmp_path):
        pass


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    async with open_database(tmp_path / "x.db") as database:
        pass
    with pytest.raises(Unavailable, match="closed"):
        await database.run(lambda connection: None)


async def test_a_list_stands_once_in_the_file_however_many_members_an_each_has(tmp_path: Path) -> None:
    """What arrives at a fork is in the events of every branch."""
    story = Story(chain(300), "A").begin(["x" * 100] * 1_000)
    async with open_database(tmp_path / "x.db") as database:
        for _ in range(300):
            story.succeed(story.state.payload)
            await database_ports(database).journal.commit([story.change()])
        query = "SELECT sum(length(events)), max(length(events)) FROM journal"
        whole, largest = await database.run(lambda connection: connection.execute(query).fetchone())
    assert whole < 600_000  # a list of 100 kB, 600 times
    assert largest < 4_000
