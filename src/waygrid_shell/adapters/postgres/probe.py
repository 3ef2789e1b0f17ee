"""What `waygrid doctor` looks at in PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from psycopg import AsyncConnection

from waygrid_core.model.instant import from_microseconds
from waygrid_shell.adapters.postgres.connecting import check_server, connect
from waygrid_shell.adapters.postgres.failures import message_of
from waygrid_shell.adapters.postgres.migrate import missing_in
from waygrid_shell.adapters.postgres.partitions import WEEK, partition_of
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.finding import Finding
from waygrid_shell.settings.settings import PostgresSettings

_SKEW: Final = timedelta(seconds=1)
"""Timers fire by the clocks of processes; more than that between them is seen by people."""

_PROCESSES: Final = 3
"""So many more should be able to start."""

_SETTINGS: Final = """
SELECT current_setting('server_version'), current_setting('fsync') = 'on',
  current_setting('full_page_writes') = 'on', current_setting('synchronous_commit'),
  current_setting('default_transaction_read_only') = 'on' OR pg_is_in_recovery(),
  (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
"""
_ROOM: Final = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
  - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""


async def probe_postgres(settings: PostgresSettings) -> Sequence[Finding]:
    """What was found about the database of the settings. Raises nothing that a server may cause."""
    try:
        connection = await connect(settings)
    except PortFailure as failure:
        return [Finding("fail", str(failure), "Start PostgreSQL, or mend the section postgres of the settings.")]
    try:
        return [
            *await _server(connection),
            *await _durability(connection),
            *await _room(connection, settings),
            *await _tables(connection),
        ]
    except psycopg.Error as error:
        return [Finding("fail", f"PostgreSQL did not answer a question: {message_of(error)}")]
    finally:
        await connection.close()


async def _server(connection: AsyncConnection) -> list[Finding]:
    asked_at = datetime.now(UTC)
    cursor = await connection.execute(_SETTINGS)
    version, *_, only_reads, microseconds = await cursor.fetchone() or ()
    answered_at = datetime.now(UTC)
    found = [Finding("ok", f"PostgreSQL {version} answers")]
    try:
        await check_server(connection)
    except PortFailure as failure:
        found = [Finding("fail", str(failure))]
    if only_reads:
        found.append(
            Finding("fail", "PostgreSQL only reads: it is a standby, or told to", "Name the primary in postgres.url.")
        )
    clock = from_microseconds(microseconds)
    skew = max(clock - answered_at, asked_at - clock, timedelta(0))
    if skew > _SKEW:
        what = f"the clock of PostgreSQL and the one here are {skew.total_seconds():.1f} s apart"
        found.append(Finding("warn", what, "Have all machines keep time by NTP: timers fire by their clocks."))
    return found


async def _durability(connection: AsyncConnection) -> list[Finding]:
    cursor = await connection.execute(_SETTINGS)
    _, has_fsync, has_full_pages, synchronous, *_ = await cursor.fetchone() or ()
    found: list[Finding] = []
    for is_on, name in ((has_fsync, "fsync"), (has_full_pages, "full_page_writes")):
        if not is_on:
            what = f"PostgreSQL runs with {name} = off: a crash of its machine may lose or damage everything"
            found.append(Finding("warn", what, f"Set {name} = on in postgresql.conf, and restart it."))
    if synchronous == "off":
        what = "synchronous_commit is off for this user; Waygrid turns it on for itself"
        found.append(Finding("warn", what, "Set synchronous_commit = on, so that nobody relies on Waygrid for it."))
    return found


async def _room(connection: AsyncConnection, settings: PostgresSettings) -> list[Finding]:
    cursor = await connection.execute(_ROOM)
    (free,) = await cursor.fetchone() or (0,)
    needed = settings.max_connections + 1  # and one that listens
    if free >= _PROCESSES * needed:
        return [Finding("ok", f"{free} connections are free; a process takes up to {needed}")]
    what = f"{free} connections are free, and a process takes up to {needed}"
    cure = "Raise max_connections in postgresql.conf, or lower postgres.max_connections."
    return [Finding("warn" if free >= needed else "fail", what, cure)]


async def _tables(connection: AsyncConnection) -> list[Finding]:
    try:
        missing = await missing_in(connection)
    except PortFailure as failure:
        return [Finding("fail", str(failure))]
    if missing:
        return [Finding("fail", f"the database has not had {', '.join(missing)}", "Run waygrid migrate.")]
    now = datetime.now(UTC)
    name = f"journal_{partition_of(now + WEEK).suffix}"
    cursor = await connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,))
    if await cursor.fetchone() != (True,):
        what = f"there is no partition for the week to come ({name})"
        return [
            Finding("ok", "the database has had every migration"),
            Finding("warn", what, "Run waygrid migrate now, and have a process that serves chores."),
        ]
    return [Finding("ok", "the database has had every migration, and has partitions for the weeks to come")]
