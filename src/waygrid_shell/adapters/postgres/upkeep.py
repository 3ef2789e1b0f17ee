"""Makes the partitions of the weeks to come, drops those of weeks that are over, and forgets blobs that travel no more.

A week is over once every traversal in it has ended long enough ago, no child elsewhere that has not ended has its root
in it, and no child in it has a root elsewhere that is still kept. Dropping it gives its room back at once, whatever is
in it; deleting its rows would cost as much as writing them did, and leave the room to the vacuum.

A table that is dropped has to be locked, and so do the others that it is part of: each is dropped by itself, the
traversals first, and who cannot have the lock at once leaves it until the next time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from psycopg import AsyncConnection, errors
from psycopg.sql import SQL, Identifier

from waygrid_core.model.instant import to_microseconds
from waygrid_shell.adapters.postgres.blob_store import PostgresBlobStore
from waygrid_shell.adapters.postgres.database import PostgresDatabase
from waygrid_shell.adapters.postgres.partitions import (
    LOCK_PATIENCE,
    TABLES,
    WEEK,
    Partition,
    make_partitions,
    partition_named,
)

_GRACE: Final = WEEK + timedelta(days=1)
"""So much longer than asked may what has ended be kept, until its whole week is over."""

_HAS_RUNNING: Final = """SELECT EXISTS (
  SELECT FROM {name} WHERE is_child IN (false, true) AND status IN ('New', 'Running', 'Paused'))"""
_HAS_YOUNG: Final = "SELECT EXISTS (SELECT FROM {name} WHERE ended_at >= %b::int8)"
_IS_WAITED_FOR: Final = """SELECT EXISTS (
  SELECT FROM traversal WHERE is_child AND status IN ('New', 'Running', 'Paused') AND root >= %b AND root < %b)"""
_HAS_CHILD_OF_OTHERS: Final = """SELECT EXISTS (
  SELECT FROM {name} AS child WHERE is_child AND (root < %b OR root >= %b)
  AND EXISTS (SELECT FROM traversal AS root WHERE root.id = child.root))"""

_KEEP_BLOBS: Final = timedelta(days=90)
"""Messages live for days; a dead letter that nobody has looked at for that long loses a large payload."""

_FORGOTTEN_AT_ONCE: Final = 5_000
_FORGET_CLAIMS: Final = f"""DELETE FROM claim WHERE key = ANY(ARRAY(
  SELECT key FROM claim WHERE traversal >= %b AND traversal < %b LIMIT {_FORGOTTEN_AT_ONCE}))"""
_FORGET_MAILBOXES: Final = f"""DELETE FROM mailbox WHERE NOT has_waiting AND (key_place, event_place) IN (
  SELECT key_place, event_place FROM mailbox
  WHERE key_place >= %b AND key_place < %b AND NOT has_waiting LIMIT {_FORGOTTEN_AT_ONCE})"""


class PostgresUpkeep:
    """See `waygrid_shell.ports.upkeep.Upkeep`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def prepare(self, now: datetime) -> None:
        async def job(connection: AsyncConnection) -> None:
            try:
                await make_partitions(connection, now)
            except errors.LockNotAvailable:
                return  # there are weeks until it is needed

        await self._database.step_by_step(job)
        await PostgresBlobStore(self._database).forget(now - _KEEP_BLOBS)

    async def retire(self, ended_before: datetime) -> datetime:
        for partition in await self._partitions():
            if partition.begins + WEEK <= ended_before and await self._is_over(partition, ended_before):
                for statement in (_FORGET_CLAIMS, _FORGET_MAILBOXES):
                    while await self._database.change(statement, partition.bounds) == _FORGOTTEN_AT_ONCE:
                        pass
                await self._drop(partition)
        return ended_before - _GRACE

    async def _partitions(self) -> Sequence[Partition]:
        """Those that there are, oldest first; of one whose dropping was cut short some tables only."""
        query = """
            SELECT DISTINCT right(relname, 8) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = ANY(ARRAY[{}]::regclass[]) ORDER BY 1
        """
        rows = await self._database.browse(query.format(", ".join(f"'{table}'" for table in TABLES)))
        return [partition for (suffix,) in rows if (partition := partition_named(suffix)) is not None]

    async def _is_over(self, partition: Partition, ended_before: datetime) -> bool:
        name = f"traversal_{partition.suffix}"
        ((table,),) = await self._database.browse("SELECT to_regclass(%s)::text", (name,))
        if table is None:
            return True  # it has been dropped, and others of its week have not
        bounds = partition.bounds
        for query, values in (
            (_HAS_RUNNING.format(name=name), ()),  # the quick one first
            (_IS_WAITED_FOR, bounds),
            (_HAS_CHILD_OF_OTHERS.format(name=name), bounds),
            (_HAS_YOUNG.format(name=name), (to_microseconds(ended_before),)),
        ):
            ((stays,),) = await self._database.browse(query, values)
            if stays:
                return False
        return True

    async def _drop(self, partition: Partition) -> None:
        async def job(connection: AsyncConnection) -> None:
            try:
                for table in TABLES:
                    name = f"{table}_{partition.suffix}"
                    async with connection.transaction():
                        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
                        if table == "traversal" and await _has_become_busy(connection, name):
                            return
                        await connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(name)))
            except errors.LockNotAvailable:
                return  # the next time

        await self._database.step_by_step(job)


async def _has_become_busy(connection: AsyncConnection, name: str) -> bool:
    """Whether something has begun there since it was looked at; from here on nothing can."""
    cursor = await connection.execute("SELECT to_regclass(%s)", (name,))
    if await cursor.fetchone() == (None,):
        return False
    await connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(Identifier(name)))
    return await (await connection.execute(_HAS_RUNNING.format(name=name).encode())).fetchone() == (True,)
