"""What SQLite's exceptions are called here."""

import sqlite3

from waygrid_shell.ports.failure import ForeignStorage, PortFailure, StorageFull, Unavailable


def raised_for(error: BaseException, path: str) -> BaseException:
    """The exception for whoever gave the job that raised `error`: the port's for the driver's, else itself."""
    return failure_of(error, path) if isinstance(error, sqlite3.Error) else error


def failure_of(error: sqlite3.Error, path: str) -> PortFailure:
    """The port's exception for the driver's, with that as its cause."""
    failure = _failure_of(error, path)
    failure.__cause__ = error
    return failure


def is_locked(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the file, and did so for all the time that we waited for it."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith("SQLITE_BUSY")


def _failure_of(error: sqlite3.Error, path: str) -> PortFailure:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith("SQLITE_FULL"):
        return StorageFull(f"no room is left to write {path}; what was accepted is kept: make room, then try again")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return ForeignStorage(f"{path} is no data of Waygrid's, or is damaged: {error}")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return Unavailable("database", f"{path} cannot be opened for writing ({error})")
    return Unavailable("database", f"{path}: {error}")
