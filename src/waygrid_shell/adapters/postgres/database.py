"""The connections of a process to its database, and the statements that run on them.

A statement is a transaction of its own: sent in one message, done or not when the answer comes. If the connection dies
before that, nobody knows: `Unavailable`. What only reads is asked again, once, over another connection. What the server
has undone itself, because of a deadlock, is tried again.

A connection that is taken is looked at first: one whose server has been restarted meanwhile has something to read, and
is thrown away. Every statement has a deadline, for a network may swallow what is sent.
"""

import asyncio
import logging
import select
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import anyio
import psycopg
from psycopg import AsyncConnection, pq
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from waygrid_shell.adapters.postgres.connecting import check_server, configure, connect, connect_options, conninfo
from waygrid_shell.adapters.postgres.failures import NOT_DONE, PORT, failure_of, is_lost, pool_failure
from waygrid_shell.adapters.postgres.migrate import check_migrated
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.settings.settings import PostgresSettings
from waygrid_shell.telemetry.quieting import quiet

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Job: TypeAlias = Callable[[AsyncConnection], Awaitable[T]]

_CONNECTION_SECONDS: Final = 10.0
"""How long a statement waits for a connection."""
_ASK_AGAIN_SECONDS: Final = 2.0
_DEADLINE_SECONDS: Final = 20.0
_LONG_DEADLINE_SECONDS: Final = 120.0
"""Of what people look at, and of what nobody waits for."""
_ATTEMPTS: Final = 3
_RECONNECT_SECONDS: Final = 8.0
"""How long the pool tries by itself to replace a connection; whoever asks after that makes it try anew."""


class PostgresDatabase:
    """Runs statements. Made by `open_postgres`."""

    def __init__(self, settings: PostgresSettings, pool: AsyncConnectionPool) -> None:
        self.settings = settings
        self._pool = pool

    async def read(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement that only reads. Raises `Unavailable` or `ForeignStorage`."""
        return await self._read(query, values, _DEADLINE_SECONDS)

    async def browse(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """The same for one that may take its time."""
        return await self._read(query, values, _LONG_DEADLINE_SECONDS)

    async def write(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of a statement, once what it wrote is kept; done at most once.

        Raises `StorageFull`, `Unavailable`, or the driver's `UniqueViolation` and `DivisionByZero` for a guard.
        """
        return await self._undisturbed(lambda connection: _rows(connection, query, values), _DEADLINE_SECONDS)

    async def change(self, query: str, values: Sequence[Any] = ()) -> int:
        """The same; how many rows it changed."""

        async def job(connection: AsyncConnection) -> int:
            return (await connection.execute(query, values, binary=True)).rowcount

        return await self._undisturbed(job, _LONG_DEADLINE_SECONDS)

    async def run(self, job: Job[T]) -> T:
        """The result of what does several statements in one transaction; it may be begun again from the start."""

        async def within(connection: AsyncConnection) -> T:
            async with connection.transaction():
                return await job(connection)

        return await self._undisturbed(within, _LONG_DEADLINE_SECONDS)

    async def step_by_step(self, job: Job[T]) -> T:
        """The result of what does several transactions of its own; each is done, or not. It is not begun again."""
        return await self._once(job, _LONG_DEADLINE_SECONDS)

    async def _read(self, query: str, values: Sequence[Any], seconds: float) -> list[Row]:
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._once(lambda connection: _rows(connection, query, values), seconds)
            except Unavailable as failure:
                if not is_lost(failure.__cause__):
                    raise
        return await self._once(lambda connection: _rows(connection, query, values), seconds)

    async def _undisturbed(self, job: Job[T], seconds: float) -> T:
        """Tried again where it is sure that nothing was done."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._once(job, seconds)
            except Unavailable as failure:
                if getattr(failure.__cause__, "sqlstate", None) not in NOT_DONE:
                    raise
        return await self._once(job, seconds)

    async def _once(self, job: Job[T], seconds: float) -> T:
        connection = await self._connection()
        try:
            async with asyncio.timeout(seconds):
                return await job(connection)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DivisionByZero):
            raise
        except psycopg.Error as error:
            if (failure := failure_of(error)) is error:
                raise
            raise failure from error
        except TimeoutError as error:
            raise Unavailable(PORT, f"it did not answer within {seconds:.0f} seconds") from error
        finally:
            if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
                connection.pgconn.finish()  # given up in the middle: the server undoes it, the pool makes another
            with anyio.CancelScope(shield=True):  # else its place in the pool would be lost
                await self._pool.putconn(connection)

    async def _connection(self) -> AsyncConnection:
        """One of the pool. Who waits for one asks again and again: the pool gives up to connect, until it is asked."""
        asks_until = time.monotonic() + _CONNECTION_SECONDS
        while True:
            try:
                return await self._pool.getconn(_ASK_AGAIN_SECONDS)
            except PoolClosed as error:
                raise pool_failure(error) from error
            except PoolTimeout as error:
                if time.monotonic() >= asks_until:
                    raise await self._why_not(error) from error

    async def _why_not(self, error: PoolTimeout) -> Unavailable:
        """Why there is no connection: what a new one says, else that all are in use."""
        try:
            connection = await connect(self.settings)
        except Unavailable as refusal:
            return refusal
        await connection.close()
        return pool_failure(error)


async def _rows(connection: AsyncConnection, query: str, values: Sequence[Any]) -> list[Row]:
    return await (await connection.execute(query, values, binary=True)).fetchall()


async def _check_is_alive(connection: AsyncConnection) -> None:
    """Raises `OperationalError` for one that the server has closed; costs no message."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        connection.pgconn.consume_input()
        if connection.pgconn.status != pq.ConnStatus.OK or poll.poll(0):
            connection.pgconn.finish()
            raise psycopg.OperationalError("the connection was closed by the server")


@asynccontextmanager
async def open_postgres(settings: PostgresSettings) -> AsyncIterator[PostgresDatabase]:
    """The database of the settings, whose migrations have all been applied.

    Raises `ForeignStorage` if they have not (`waygrid migrate` is the cure) or it is no database for us, `Unavailable`.
    """
    quiet("psycopg.pool", "PostgreSQL", trouble_from=logging.WARNING)
    connection = await connect(settings)
    try:
        await check_server(connection)
        await check_migrated(connection)
    except psycopg.Error as error:
        raise failure_of(error) from error
    finally:
        await connection.close()
    pool = AsyncConnectionPool(
        conninfo(settings),
        kwargs=connect_options(),
        min_size=1,
        max_size=settings.max_connections,
        open=False,
        configure=configure,
        check=_check_is_alive,
        name="waygrid",
        timeout=_CONNECTION_SECONDS,
        max_idle=120.0,
        reconnect_timeout=_RECONNECT_SECONDS,
    )
    async with pool:
        yield PostgresDatabase(settings, pool)
