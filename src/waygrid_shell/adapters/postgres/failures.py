"""What the driver's exceptions are called here."""

from typing import Final

import psycopg
from psycopg_pool import PoolClosed

from waygrid_shell.ports.failure import ForeignStorage, StorageFull, Unavailable

PORT: Final = "database (PostgreSQL)"

NOT_DONE: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock: the transaction is undone, and may be tried again."""

_SENTENCES: Final = {
    "25006": "it only reads (a standby, or default_transaction_read_only is on); name the primary in postgres.url",
    "28000": "it refuses the user (see pg_hba.conf on the server): {message}",
    "28P01": "it refuses the password; set postgres.password, PGPASSWORD or ~/.pgpass",
    "3D000": "{message}; create it: CREATE DATABASE ... ENCODING 'UTF8'",
    "42501": "{message}; the user of postgres.url must own the tables of Waygrid",
    "53200": "it is out of memory: {message}",
    "53300": "it takes no more connections; raise max_connections there, or lower postgres.max_connections here",
    "57014": "it took too long, and was given up",
    "57P03": "it is starting or stopping: {message}",
}
_FOREIGN: Final = {
    "42P01": "{message}; run waygrid migrate",
    "42703": "{message}; run waygrid migrate",
    "3F000": "{message}; run waygrid migrate",
    "XX001": "a table is damaged: {message}",
    "XX002": "an index is damaged: {message}; REINDEX it",
}


_BUGS: Final = (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError)


def failure_of(error: psycopg.Error) -> Exception:
    """The port's exception for the driver's; the driver's own where a statement of ours is wrong: that is a bug."""
    state, message = error.sqlstate, message_of(error)
    if state == "53100" or "no space left on device" in message.lower():
        return StorageFull(
            f"no room is left on the disk of PostgreSQL ({message}); what was accepted is kept: make room, then try"
            " again"
        )
    if state in _FOREIGN:
        return ForeignStorage(f"the database is not as it should be: {_FOREIGN[state].format(message=message)}")
    if state not in _SENTENCES and isinstance(error, _BUGS):
        return error
    sentence = _SENTENCES.get(state or "", "{message}")
    return Unavailable(PORT, sentence.format(message=message))


def pool_failure(error: Exception) -> Unavailable:
    """Why the pool has no connection to give."""
    if isinstance(error, PoolClosed):
        return Unavailable(PORT, "its connections are closed already")
    return Unavailable(PORT, "all connections of this process were in use for too long; raise postgres.max_connections")


def message_of(error: psycopg.Error) -> str:
    """What the server or the driver says, in one line; no query, and no parameter of one."""
    primary = error.diag.message_primary
    return " ".join((primary or str(error) or type(error).__name__).split())


def is_lost(error: BaseException | None) -> bool:
    """Whether the connection is gone, and with it the answer."""
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
