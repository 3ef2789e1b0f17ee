"""Brings a database to the shape that this version knows, by as many programs at once as like to.

Each migration is a transaction that holds an advisory lock: a second program waits, and then finds it applied.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from psycopg import AsyncConnection

from waygrid_core.model.instant import from_microseconds
from waygrid_shell.adapters.postgres.connecting import check_server, connect
from waygrid_shell.adapters.postgres.failures import failure_of
from waygrid_shell.adapters.postgres.partitions import make_partitions
from waygrid_shell.ports.failure import ForeignStorage
from waygrid_shell.settings.settings import PostgresSettings
from waygrid_shell.storage.migrations import Migration, known_migrations, missing_migrations

_LOCK: Final = 0x57475244
""""WGRD", among the advisory locks of the database."""
_STORE: Final = "the database"


async def migrate(settings: PostgresSettings, migrations: Sequence[Migration] | None = None) -> Sequence[str]:
    """Apply what is missing, and make the partitions of the weeks to come; the names of what was applied.

    Raises `ForeignStorage` for a database that is not ours, newer, or changed by hand, `Unavailable`, `StorageFull`.
    """
    known = _known() if migrations is None else migrations
    connection = await connect(settings)
    try:
        await check_server(connection)
        applied: list[str] = []
        while name := await _apply_next(connection, known):
            applied.append(name)
        cursor = await connection.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint")
        (microseconds,) = await cursor.fetchone() or (0,)
        await make_partitions(connection, from_microseconds(microseconds))
    except psycopg.Error as error:
        raise failure_of(error) from error
    finally:
        await connection.close()
    return applied


async def pending(settings: PostgresSettings) -> Sequence[str]:
    """The names of the migrations that the database has not had. Raises as `migrate`."""
    connection = await connect(settings)
    try:
        await check_server(connection)
        return await missing_in(connection)
    except psycopg.Error as error:
        raise failure_of(error) from error
    finally:
        await connection.close()


async def check_migrated(connection: AsyncConnection) -> None:
    """Raises `ForeignStorage` unless the database has had every migration, and no other."""
    if missing := await missing_in(connection):
        raise ForeignStorage(f"{_STORE} has not had {', '.join(missing)}; run waygrid migrate")


async def missing_in(connection: AsyncConnection) -> Sequence[str]:
    """The names of the migrations that the database has not had. Raises `ForeignStorage`."""
    return [migration.name for migration in await _missing(connection, _known())]


def _known() -> tuple[Migration, ...]:
    return known_migrations("waygrid_shell.adapters.postgres")


async def _apply_next(connection: AsyncConnection, known: Sequence[Migration]) -> str | None:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        missing = await _missing(connection, known)
        if not missing:
            return None
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS waygrid_migration (name text PRIMARY KEY, digest text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        await connection.execute(missing[0].sql.encode(), prepare=False)
        values = (missing[0].name, missing[0].digest)
        await connection.execute("INSERT INTO waygrid_migration (name, digest) VALUES (%s, %s)", values)
        return missing[0].name


async def _missing(connection: AsyncConnection, known: Sequence[Migration]) -> Sequence[Migration]:
    return missing_migrations(known, await _applied(connection), _STORE)


async def _applied(connection: AsyncConnection) -> Mapping[str, str]:
    tables = await connection.execute(
        "SELECT current_schema(), to_regclass('waygrid_migration') IS NOT NULL,"
        " EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema())"
    )
    schema, is_ours, has_tables = await tables.fetchone() or (None, False, False)
    if is_ours:
        rows = await connection.execute("SELECT name, digest FROM waygrid_migration ORDER BY name")
        return dict(await rows.fetchall())
    if has_tables:
        raise ForeignStorage(
            f"the schema {schema} of the database holds tables of another program; give Waygrid a database of its own"
        )
    return {}
