"""What the driver's exceptions are called here."""

from typing import Final

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from waygrid_shell.ports.failure import ForeignStorage, StorageFull, Unavailable

PORT: Final = "database (PostgreSQL)"

NOT_DONE: Final = frozenset({"40001", "40P01", "23514"})
"""SQLSTATE of what the server has undone, and may be tried again: a serialization failure, a deadlock, and a row for
the default partition for which a partition was made at that moment."""

_SENTENCES: Final = {
    "25006": "it only reads (a standby, or default_transaction_read_only is on); name the primary in postgres.url",
    "28000": "it refuses the user (see pg_hba.conf on the server): {message}",
    "28P01": "it refuses the password; set postgres.password, PGPASSWORD or ~/.pgpass",
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


_REFUSALS: Final = {
    "password authentication failed": _SENTENCES["28P01"],
    "no password supplied": _SENTENCES["28P01"],
    "no pg_hba.conf entry": _SENTENCES["28000"],
    " does not exist": "{message}; create it (CREATE DATABASE ... ENCODING 'UTF8'), or mend postgres.url",
    "too many clients": _SENTENCES["53300"],
    "remaining connection slots": _SENTENCES["53300"],
}
"""What a server says to who connects, for which libpq gives no SQLSTATE."""

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


def refusal_of(error: psycopg.Error) -> str:
    """Why a server cannot be connected to: in its words, with the cure if they are known."""
    message = message_of(error)
    sentence = next((sentence for words, sentence in _REFUSALS.items() if words in message), "{message}")
    return sentence.format(message=message)


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
    if not isinstance(error, psycopg.OperationalError) or isinstance(error, PoolTimeout | PoolClosed):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))
