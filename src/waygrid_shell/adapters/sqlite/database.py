"""One SQLite file, and the threads that use it: one that writes, and two that read.

Group commit: jobs that come while a transaction is being written wait, and then share the next one. So a commit's
cost is shared by whoever waits for it, and the busier the plant, the larger the share. A job that raises must leave no
trace, and the others be written: then the transaction is made again, each job in a savepoint of its own.

A job is told that it is done only after the commit. `synchronous=FULL`: what is committed survives a power cut.

What only reads waits for no commit: `read` is for what a service needs to go on, `browse` for what people look at,
which may take longer. Both see whatever has been told as done.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from attrs import frozen

from waygrid_shell.adapters.sqlite.failures import failure_of, is_locked, raised_for
from waygrid_shell.adapters.sqlite.migrate import migrate
from waygrid_shell.ports.failure import Unavailable

T = TypeVar("T")
Job: TypeAlias = Callable[[sqlite3.Connection], T]

MAX_JOBS_A_COMMIT: Final = 256
"""Bounds how long the first job of a commit waits for the last."""

OLDEST_SQLITE: Final = (3, 35, 0)
"""The first that has RETURNING."""

BEGIN_WRITING: Final = "BEGIN IMMEDIATE"
"""A transaction that has read before it writes is refused at once when somebody holds the lock for an instant, as a
reader does that meets the index of the log half written; one that asks for the lock first waits its turn."""

PATIENCE_SECONDS: Final = 0.02
"""How long jobs that nobody is in a hurry for wait for one to share its commit."""


@frozen
class _Waiting:
    job: Job[Any]
    future: "asyncio.Future[Any]"
    then: Callable[[Any], None] | None = None
    is_patient: bool = False


@frozen
class _Done:
    waiting: _Waiting
    result: Any = None
    error: BaseException | None = None


class Database:
    """Runs jobs against one file. Made by `open_database`."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, pragmas: Mapping[str, str | int]) -> None:
        self.path = path
        self._loop = loop
        self._pragmas = pragmas
        self._gathered: list[_Waiting] = []
        self._jobs: queue.SimpleQueue[Sequence[_Waiting]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="waygrid-sqlite", daemon=True)
        self._opened: asyncio.Future[None] = loop.create_future()
        self._is_closed = False
        self._reader = _Reader(self, "waygrid-sqlite-read")
        self._browser = _Reader(self, "waygrid-sqlite-browse")

    async def write(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Execute a statement for each of `rows`; how many rows of the table that changed. Raises as `run` does."""
        return await self.run(_execute_many(statement, rows))

    async def run_patiently(self, job: Job[None]) -> None:
        """The same as `run` for what nobody waits for: it may wait a little for a commit that it can share."""
        await self._add(_Waiting(job, self._loop.create_future(), is_patient=True))

    async def read(self, job: Job[T]) -> T:
        """The result of a job that only reads, and is soon done. Raises as `run`."""
        return await self._read(self._reader, job)

    async def browse(self, job: Job[T]) -> T:
        """The same for one that may take its time."""
        return await self._read(self._browser, job)

    async def _read(self, reader: "_Reader", job: Job[T]) -> T:
        if self._is_closed:
            raise Unavailable("database", f"{self.path} is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        reader.jobs.put(_Waiting(job, future))
        return await future

    async def run(self, job: Job[T], *, then: Callable[[T], None] | None = None) -> T:
        """The result of `job`, once what it wrote is committed.

        `then` is called with it in the event loop, even if the caller has been canceled by that time, and in the
        order of the commits.

        Raises `StorageFull` or `Unavailable` for what SQLite cannot do, and what the job itself raises.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        await self._add(_Waiting(job, future, then))
        return future.result()

    async def _add(self, waiting: _Waiting) -> None:
        if self._is_closed:
            raise Unavailable("database", f"{self.path} is closed")
        if not self._gathered:  # whatever else comes in this turn of the loop goes with it, and shares its commit
            self._loop.call_soon(self._hand_over)
        self._gathered.append(waiting)
        await waiting.future

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._jobs.put(gathered)

    async def _open(self) -> None:
        self._thread.start()
        await self._opened
        self._reader.thread.start()
        self._browser.thread.start()

    async def _close(self) -> None:
        self._is_closed = True
        self._hand_over()
        self._jobs.put(())
        threads = [self._thread]
        for reader in (self._reader, self._browser):
            if reader.thread.ident is not None:
                reader.jobs.put(None)
                threads.append(reader.thread)
        await asyncio.shield(self._loop.run_in_executor(None, _join, threads))

    # From here on: in the thread that writes.

    def _serve(self) -> None:
        opening = _Waiting(lambda _: None, self._opened)
        try:
            connection = self._connect()
        except BaseException as error:
            self._tell([_Done(opening, error=raised_for(error, str(self.path)))])
            return
        self._tell([_Done(opening)])
        try:
            is_open = True
            while is_open:
                batch, is_open = self._batch()
                if batch:
                    self._tell(self._commit(connection, batch))
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self.path)
        try:
            for name, value in self._pragmas.items():
                connection.execute(f"PRAGMA {name} = {value}")
            migrate(connection, str(self.path))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = OFF")  # some builds overwrite with zeros what is deleted
            connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages of 4 KiB: a checkpoint each 16 MiB
        except BaseException:
            connection.close()
            raise
        return connection

    def _batch(self) -> tuple[list[_Waiting], bool]:
        """Whatever waits now, at least one job; and False once it is time to close."""
        batch: list[_Waiting] = []
        is_urgent = False
        while len(batch) < MAX_JOBS_A_COMMIT:
            try:
                if not batch:
                    gathered = self._jobs.get()
                elif is_urgent:
                    gathered = self._jobs.get_nowait()
                else:
                    gathered = self._jobs.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                break
            if not gathered:
                return batch, False
            batch += gathered
            is_urgent = is_urgent or not all(waiting.is_patient for waiting in gathered)
        return batch, True

    def _commit(self, connection: sqlite3.Connection, batch: Sequence[_Waiting]) -> list[_Done]:
        try:
            connection.execute(BEGIN_WRITING)
            results = [_Done(waiting, waiting.job(connection)) for waiting in batch]
            connection.execute("COMMIT")
        except BaseException as error:  # the seam: whose it is shows when each is tried apart
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and is_locked(error):  # each would wait as long, and in vain
                return [_Done(waiting, error=failure_of(error, str(self.path))) for waiting in batch]
            return self._commit_apart(connection, batch)
        return results

    def _commit_apart(self, connection: sqlite3.Connection, batch: Sequence[_Waiting]) -> list[_Done]:
        results: list[_Done] = []
        try:
            connection.execute(BEGIN_WRITING)
            for waiting in batch:
                results.append(self._attempt(connection, waiting))
                if not connection.in_transaction:  # SQLite has rolled everything back: the disk is full, or it failed
                    return [_Done(each, error=results[-1].error) for each in batch]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return [_Done(waiting, error=failure_of(error, str(self.path))) for waiting in batch]
        return results

    def _attempt(self, connection: sqlite3.Connection, waiting: _Waiting) -> _Done:
        try:
            connection.execute("SAVEPOINT job")
            result = waiting.job(connection)
            connection.execute("RELEASE job")
            return _Done(waiting, result)
        except BaseException as error:  # the seam: whatever a job raises belongs to who gave it
            if connection.in_transaction:
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")
            return _Done(waiting, error=raised_for(error, str(self.path)))

    def _tell(self, results: Sequence[_Done]) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody is left to tell
            self._loop.call_soon_threadsafe(_settle, results)


class _Reader:
    """A thread that reads, one job after the other."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self.jobs: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def _serve(self) -> None:
        path, connection = self._database.path, None
        while (waiting := self.jobs.get()) is not None:
            try:
                if connection is None:
                    connection = connect(path)
                    connection.execute("PRAGMA query_only = ON")
                connection.execute("BEGIN")  # whatever a job reads is of one instant
                try:
                    done = _Done(waiting, waiting.job(connection))
                finally:
                    connection.execute("COMMIT")
            except BaseException as error:  # the seam: whatever a job raises belongs to who gave it
                done = _Done(waiting, error=raised_for(error, str(path)))
            self._database._tell([done])
        if connection is not None:
            connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread, in autocommit mode."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA cache_size = -65536")  # 64 MiB
    return connection


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def _execute_many(statement: str, rows: Sequence[tuple[Any, ...]]) -> Job[int]:
    return lambda connection: connection.executemany(statement, rows).rowcount


def _settle(results: Sequence[_Done]) -> None:
    for done in results:
        future, then = done.waiting.future, done.waiting.then
        if done.error is None and then is not None:
            then(done.result)
        if future.done():
            continue
        if done.error is None:
            future.set_result(done.result)
        else:
            future.set_exception(done.error)


@asynccontextmanager
async def open_database(path: Path, pragmas: Mapping[str, str | int] | None = None) -> AsyncIterator[Database]:
    """The database at `path`, made and migrated as needed. `pragmas` are set first.

    Raises `ForeignStorage` for a file that is not ours or newer, `Unavailable`, `StorageFull`.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(str(part) for part in OLDEST_SQLITE)
        raise Unavailable(
            "database", f"this Python has SQLite {sqlite3.sqlite_version}; Waygrid needs {needed} or newer"
        )
    database = Database(path, asyncio.get_running_loop(), pragmas or {})
    await database._open()
    try:
        yield database
    finally:
        await database._close()
