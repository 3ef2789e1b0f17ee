"""The partitions of what is kept by traversal: one a week, made some weeks ahead, and dropped whole.

Their bounds are ids: the least of the first millisecond of a Monday. Whatever has no partition of its own lies in the
one called `_default`; when a partition is made for it after all, it moves there.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier, Literal

from waygrid_shell.storage.id_times import first_id

WEEK: Final = timedelta(days=7)
_FIRST_MONDAY: Final = datetime(1970, 1, 5, tzinfo=UTC)

_SUFFIX: Final = "%Y%m%d"

WEEKS_AHEAD: Final = 4
"""Beside the week that is: so long may nobody do chores until rows go to the default partition."""

TABLES: Final = {"traversal": "id", "label": "traversal", "journal": "traversal", "snapshot": "traversal"} | {
    "shared_value": "traversal"
}
"""What is partitioned, and by which column."""

_OPTIONS: Final = {
    # A step writes its traversal anew; with room in the page it stays there, and no index is touched.
    "traversal": "WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)",
    "snapshot": "WITH (fillfactor = 80)",
}

LOCK_PATIENCE: Final = "2s"
"""Who waits for a lock of a table holds up whoever comes after: better to try another time."""


@frozen
class Partition:
    """The week that begins then."""

    begins: datetime

    @property
    def suffix(self) -> str:
        """What its tables are called by, after the name of the table."""
        return self.begins.strftime(_SUFFIX)

    @property
    def bounds(self) -> tuple[str, str]:
        """Its first id, and the first that is not its."""
        return first_id(self.begins, timedelta(0)), first_id(self.begins, WEEK)


def partition_of(instant: datetime) -> Partition:
    """The week of that instant."""
    return Partition(_FIRST_MONDAY + (instant - _FIRST_MONDAY) // WEEK * WEEK)


def partition_named(suffix: str) -> Partition | None:
    """The week whose tables are called so at the end; None if none is."""
    try:
        partition = partition_of(datetime.strptime(suffix, _SUFFIX).replace(tzinfo=UTC))
    except ValueError:
        return None
    return partition if partition.suffix == suffix else None


async def make_partitions(connection: AsyncConnection, now: datetime) -> Sequence[str]:
    """Have the partitions of now and of the weeks ahead; the names of the tables that were made.

    Raises the driver's exceptions; `LockNotAvailable` if others were in the way.
    """
    made: list[str] = []
    for week in range(WEEKS_AHEAD + 1):
        partition = partition_of(now + week * WEEK)
        for table in TABLES:
            name = f"{table}_{partition.suffix}"
            cursor = await connection.execute("SELECT to_regclass(%s)", (name,))
            if await cursor.fetchone() == (None,):
                made += [name] if await _make(connection, table, name, partition) else []
    return made


async def _make(connection: AsyncConnection, table: str, name: str, partition: Partition) -> bool:
    """Whether it was made here, and not by somebody else meanwhile."""
    least, most = partition.bounds
    names = {
        "table": Identifier(table),
        "name": Identifier(name),
        "default": Identifier(f"{table}_default"),
        "id": Identifier(TABLES[table]),
        "least": Literal(least),
        "most": Literal(most),
        "options": SQL(_OPTIONS.get(table, "")),
        "check": Identifier(f"{name}_bounds"),
    }
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_PATIENCE}'")
        # Who writes to the default partition waits until what belongs to the new one has moved there.
        await connection.execute(SQL("LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE").format(**names))
        cursor = await connection.execute("SELECT to_regclass(%s)", (name,))
        if await cursor.fetchone() != (None,):
            return False
        for statement in (
            # With the constraint nothing needs to be looked through when it is attached.
            (
                "CREATE TABLE {name} (LIKE {table} INCLUDING ALL, CONSTRAINT {check} CHECK"
                " ({id} IS NOT NULL AND {id} >= {least} AND {id} < {most})) {options}"
            ),
            (
                "WITH moved AS (DELETE FROM {default} WHERE {id} >= {least} AND {id} < {most} RETURNING *)"
                " INSERT INTO {name} SELECT * FROM moved"
            ),
            "ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({least}) TO ({most})",
            "ALTER TABLE {name} DROP CONSTRAINT {check}",
        ):
            await connection.execute(SQL(statement).format(**names))
    return True
