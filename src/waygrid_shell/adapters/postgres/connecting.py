"""How connections are made, and what a server must be for Waygrid to work on it."""

import os
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from waygrid_shell.adapters.postgres.columns import column_adapters
from waygrid_shell.adapters.postgres.failures import PORT, refusal_of
from waygrid_shell.ports.failure import ForeignStorage, Unavailable
from waygrid_shell.settings.settings import PostgresSettings

OLDEST_SERVER: Final = 140_000
"""14: the first that plans an UPDATE of a partitioned table once, and not once a partition."""

_DEFAULTS: Final = {
    "application_name": "waygrid",
    "connect_timeout": "5",
    # A network that lets nothing through any more is noticed after about twenty seconds.
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
_ALWAYS: Final = {"client_encoding": "utf8"}

_SESSION: Final = """
SELECT
  set_config('plan_cache_mode', 'force_generic_plan', false),
  set_config('enable_seqscan', 'off', false),
  set_config('enable_hashjoin', 'off', false),
  set_config('enable_mergejoin', 'off', false),
  set_config('enable_bitmapscan', 'off', false),
  set_config('jit', 'off', false),
  set_config('idle_in_transaction_session_timeout', '15s', false),
  set_config('statement_timeout', '150s', false),
  CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
"""
"""Statements are planned once, and for tables that will be large: each of them finds its rows by an index. Who is
paused within a transaction holds nobody up for long. What is told as done is on the disk, whatever the server's default
is.
A statement whose process has died ends by itself: it is a little longer than any of ours may take."""


def conninfo(settings: PostgresSettings) -> str:
    """What libpq connects by. Raises `Unavailable` if the settings name no database, or not one that it can read."""
    if settings.url is None:
        raise Unavailable(PORT, "postgres.url is not set; name the database, such as postgresql://waygrid@host/waygrid")
    try:
        given = conninfo_to_dict(settings.url)
    except psycopg.ProgrammingError:
        reason = "postgres.url cannot be read; write it as postgresql://user@host:5432/database?option=value"
        raise Unavailable(PORT, reason) from None  # what libpq says of it may have the password in it
    password = {} if settings.password is None else {"password": settings.password}
    named = {name: value for name, value in _DEFAULTS.items() if _variable(name) not in os.environ}
    return make_conninfo("", **{**named, **given, **password, **_ALWAYS})


def _variable(name: str) -> str:
    return {"application_name": "PGAPPNAME", "connect_timeout": "PGCONNECT_TIMEOUT"}.get(name, "")


def connect_options() -> dict[str, Any]:
    """What else the driver is told of each connection. Statements that come again are prepared."""
    return {"autocommit": True, "prepare_threshold": 1, "context": column_adapters()}


async def connect(settings: PostgresSettings) -> psycopg.AsyncConnection:
    """A connection of its own. Raises `Unavailable`."""
    where = conninfo(settings)
    try:
        return await psycopg.AsyncConnection.connect(where, **connect_options())
    except psycopg.Error as error:
        raise connect_failure(error, settings) from error


def connect_failure(error: psycopg.Error, settings: PostgresSettings) -> Unavailable:
    """Why no connection could be made, in a sentence without a password."""
    reason = refusal_of(error)
    for secret in (settings.password, _password_in(settings)):
        reason = reason.replace(secret, "***") if secret else reason
    return Unavailable(PORT, reason)


def _password_in(settings: PostgresSettings) -> str | None:
    password = conninfo_to_dict(settings.url or "").get("password")
    return None if password is None else str(password)


async def configure(connection: psycopg.AsyncConnection) -> None:
    """Make a connection one that statements of this room run on."""
    await connection.execute(_SESSION, prepare=False)


async def check_server(connection: psycopg.AsyncConnection) -> None:
    """Raises `Unavailable` for a server that is too old, `ForeignStorage` for a database that cannot hold our texts."""
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        shown = f"{version // 10_000}.{version % 10_000}"
        raise Unavailable(PORT, f"it is PostgreSQL {shown}; Waygrid needs {OLDEST_SERVER // 10_000} or newer")
    cursor = await connection.execute("SELECT current_database(), current_setting('server_encoding')", prepare=False)
    name, encoding = await cursor.fetchone() or ("", "")
    if encoding != "UTF8":
        raise ForeignStorage(
            f"the database {name} has the encoding {encoding}, which does not hold every text;"
            " make one with: CREATE DATABASE waygrid ENCODING 'UTF8' TEMPLATE template0"
        )
