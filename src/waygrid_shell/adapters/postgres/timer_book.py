"""The timer book in PostgreSQL."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import Final

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import numbers, texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase
from waygrid_shell.adapters.postgres.stored_text import given_text
from waygrid_shell.ports.timer_book import Timer

_SET: Final = """INSERT INTO timer (id, traversal, due, partition)
  SELECT * FROM unnest(%b::text[], %b::text[], %b::int8[], %b::int8[])
  ON CONFLICT (id) DO UPDATE SET due = excluded.due, partition = excluded.partition, set_order = DEFAULT"""
"""Setting a timer again gives it its new place in the order of setting."""

_UNSET: Final = "DELETE FROM timer WHERE id = ANY(%b)"

_DUE: Final = """
SELECT timer.id, timer.traversal, timer.due, timer.partition
FROM unnest(%b::int8[]) AS asked CROSS JOIN LATERAL (
  SELECT * FROM timer WHERE partition = asked AND due <= %b::int8 ORDER BY due, set_order LIMIT %b::int8
) AS timer
ORDER BY timer.due, timer.set_order LIMIT %b::int8
"""
_NEXT: Final = """
SELECT min((SELECT due FROM timer WHERE partition = asked ORDER BY due LIMIT 1)) FROM unnest(%b::int8[]) AS asked
"""


class PostgresTimerBook:
    """See `waygrid_shell.ports.timer_book.TimerBook`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def write(self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId]) -> None:
        # The last of an id counts. Two that write the same timers lock them in the same order.
        timers = sorted({timer.id: timer for timer in to_set}.values(), key=lambda timer: timer.due)
        ids, traversals = [timer.id for timer in timers], [timer.traversal for timer in timers]
        dues, partitions = [to_microseconds(timer.due) for timer in timers], [timer.partition for timer in timers]
        values = (texts(ids), texts(traversals), numbers(dues), numbers(partitions))
        unset = texts(sorted(to_unset))
        if timers and to_unset:
            await self._database.change(f"WITH unset AS ({_UNSET}) {_SET}", (unset, *values))
        elif timers:
            await self._database.change(_SET, values)
        elif to_unset:
            await self._database.change(_UNSET, (unset,))

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        values = (numbers(sorted(partitions)), to_microseconds(now), limit, limit)
        rows = await self._database.read(_DUE, values)
        return [
            Timer(TimerId(given_text(timer)), TraversalId(given_text(traversal)), from_microseconds(due), partition)
            for timer, traversal, due, partition in rows
        ]

    async def next_due(self, partitions: Set[int]) -> datetime | None:
        ((number,),) = await self._database.read(_NEXT, (numbers(sorted(partitions)),))
        return None if number is None else from_microseconds(number)

    async def are_set(self, timers: Sequence[TimerId]) -> Set[TimerId]:
        rows = await self._database.read("SELECT id FROM timer WHERE id = ANY(%b)", (texts(timers),))
        return {TimerId(given_text(timer)) for (timer,) in rows}

    async def count(self) -> int:
        return int((await self._database.read("SELECT count(*) FROM timer"))[0][0])
