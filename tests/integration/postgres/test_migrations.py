"""The migrations of PostgreSQL: applied once whoever runs them, and never over what is not ours."""

import anyio
import psycopg
import pytest
from attrs import evolve

from tests.servers.cluster import ClusterServers
from waygrid_shell.adapters.postgres.database import open_postgres
from waygrid_shell.adapters.postgres.migrate import migrate, pending
from waygrid_shell.ports.failure import ForeignStorage
from waygrid_shell.settings.settings import PostgresSettings
from waygrid_shell.storage.migrations import Migration, known_migrations

pytestmark = pytest.mark.anyio
KNOWN = known_migrations("waygrid_shell.adapters.postgres")
NAMES = [migration.name for migration in KNOWN]


def execute(settings: PostgresSettings, statement: str) -> list[tuple[object, ...]]:
    assert settings.url is not None
    with psycopg.connect(settings.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def test_many_that_migrate_at_once_apply_each_migration_once(empty: PostgresSettings) -> None:
    applied: list[str] = []

    async def run() -> None:
        applied.extend(await migrate(empty))

    assert list(await pending(empty)) == NAMES
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(run)
    assert sorted(applied) == NAMES
    assert await pending(empty) == []
    assert await migrate(empty) == []
    assert [name for (name,) in execute(empty, "SELECT name FROM waygrid_migration ORDER BY name")] == NAMES


async def test_a_process_refuses_to_start_on_a_database_that_has_to_be_migrated(empty: PostgresSettings) -> None:
    with pytest.raises(ForeignStorage, match=r"0001_cluster\.sql, .*; run waygrid migrate"):
        async with open_postgres(empty):
            pass


async def test_a_database_of_a_newer_version_is_left_alone(migrated: PostgresSettings) -> None:
    execute(migrated, "INSERT INTO waygrid_migration VALUES ('9999_later.sql', 'x')")
    for attempt in (migrate, pending):
        with pytest.raises(ForeignStorage, match=r"newer Waygrid \(it has had 9999_later\.sql\); use that version"):
            await attempt(migrated)
    with pytest.raises(ForeignStorage, match="newer Waygrid"):
        async with open_postgres(migrated):
            pass


async def test_a_migration_that_reads_differently_now_is_noticed(migrated: PostgresSettings) -> None:
    execute(migrated, "UPDATE waygrid_migration SET digest = 'x'")
    with pytest.raises(ForeignStorage, match=r"another 0001_cluster\.sql than this Waygrid knows"):
        await migrate(migrated)
    with pytest.raises(ForeignStorage, match="than this Waygrid knows"):
        async with open_postgres(migrated):
            pass


async def test_tables_of_another_program_are_left_alone(empty: PostgresSettings) -> None:
    execute(empty, "CREATE TABLE theirs (a int)")
    with pytest.raises(ForeignStorage, match="give Waygrid a database of its own"):
        await migrate(empty)
    assert execute(empty, "SELECT relname FROM pg_stat_user_tables") == [("theirs",)]


async def test_a_migration_that_fails_leaves_the_database_as_the_one_before_left_it(empty: PostgresSettings) -> None:
    later = Migration("0002_later.sql", "CREATE TABLE b (x int);\nCREATE TABLE traversal (x int);")
    with pytest.raises(psycopg.errors.DuplicateTable):
        await migrate(empty, [*KNOWN, later])
    assert execute(empty, "SELECT to_regclass('b')::text") == [(None,)]
    assert await pending(empty) == []
    assert await migrate(empty, [*KNOWN, evolve(later, sql="CREATE TABLE b (x int)")]) == ["0002_later.sql"]


async def test_whoever_owns_the_database_can_migrate_it_and_need_be_no_superuser(
    servers: ClusterServers, empty: PostgresSettings
) -> None:
    assert empty.url is not None
    name = empty.url.rpartition("/")[2]
    execute(empty, f"CREATE ROLE {name}_owner LOGIN PASSWORD 'x'")
    try:
        execute(empty, f'ALTER DATABASE "{name}" OWNER TO {name}_owner')
        owner = PostgresSettings(url=empty.url.replace("//postgres@", f"//{name}_owner@"), password="x")
        assert list(await migrate(owner)) == NAMES
        async with open_postgres(owner) as database:
            assert await database.read("SELECT count(*) FROM traversal") == [(0,)]
    finally:
        execute(PostgresSettings(url=servers.postgres.url), f'DROP DATABASE "{name}" WITH (FORCE)')
        execute(PostgresSettings(url=servers.postgres.url), f"DROP ROLE {name}_owner")


async def test_a_database_that_cannot_hold_every_text_is_refused(servers: ClusterServers) -> None:
    server = PostgresSettings(url=servers.postgres.url)
    execute(server, "CREATE DATABASE waygrid_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        latin = PostgresSettings(url=f"{servers.postgres.url.rpartition('/')[0]}/waygrid_latin")
        with pytest.raises(ForeignStorage, match=r"the encoding LATIN1.*CREATE DATABASE waygrid ENCODING 'UTF8'"):
            await migrate(latin)
    finally:
        execute(server, "DROP DATABASE waygrid_latin WITH (FORCE)")
