"""The timer book in PostgreSQL."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final

import psycopg

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import numbers, texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase
from waygrid_shell.adapters.postgres.stored_text import given_text
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.timer_book import NOTHING_READ, Stretch, Timer

_SET: Final = """set_again AS (
  INSERT INTO timer (id, traversal, due, partition)
  SELECT * FROM unnest(%b::text[], %b::text[], %b::int8[], %b::int8[])
  ON CONFLICT (id) DO UPDATE SET due = excluded.due, partition = excluded.partition, set_order = DEFAULT
)"""
"""Setting a timer again gives it its new place in the order of setting."""

_UNSET: Final = "gone AS (DELETE FROM timer WHERE id = ANY(%b))"

_READ: Final = """asked AS (
  SELECT * FROM unnest(%b::int8[], %b::int8[], %b::int8[]) AS asked (partition, begin, stop)
), read AS (
  INSERT INTO timer_request AS kept (partition, read_up_to) SELECT partition, stop FROM asked
  ON CONFLICT (partition) DO UPDATE SET read_up_to = excluded.read_up_to
  WHERE kept.read_up_to = (SELECT begin FROM asked WHERE asked.partition = kept.partition)
  RETURNING 1
)"""
_GUARD: Final = "SELECT 1 / ((SELECT count(*) FROM read) = %b::int8)::int"
"""Where a partition is read further than was thought, this divides by zero, and nothing of the statement is done."""

_UNSET_FIRED: Final = """
DELETE FROM timer USING unnest(%b::text[], %b::int8[]) AS fired (id, due)
WHERE timer.id = fired.id AND timer.due = fired.due
"""
_MOVE_STRAYS: Final = "UPDATE timer SET partition = %b::int8 WHERE partition <> ALL(%b::int8[])"
_READ_UP_TO: Final = "SELECT partition, read_up_to FROM timer_request WHERE partition = ANY(%b::int8[])"

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

    async def write(
        self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId], read: Mapping[int, Stretch] = NOTHING_READ
    ) -> None:
        parts: list[str] = []
        values: list[Any] = []
        # Two that write the same rows lock them in the same order.
        if read:
            partitions = sorted(read)
            parts.append(_READ)
            values += [numbers(partitions), numbers([read[each].begin for each in partitions])]
            values.append(numbers([read[each].end for each in partitions]))
        if to_unset:
            parts.append(_UNSET)
            values.append(texts(sorted(to_unset)))
        if to_set:
            timers = sorted({timer.id: timer for timer in to_set}.values(), key=lambda timer: timer.due)
            parts.append(_SET)  # the last of an id counts
            values += [texts([timer.id for timer in timers]), texts([timer.traversal for timer in timers])]
            values.append(numbers([to_microseconds(timer.due) for timer in timers]))
            values.append(numbers([timer.partition for timer in timers]))
        if not parts:
            return
        if read:
            values.append(len(read))
        try:
            await self._database.write(f"WITH {', '.join(parts)} {_GUARD if read else 'SELECT 1'}", values)
        except psycopg.errors.DivisionByZero:
            kept = await self.read_up_to(read.keys())
            other = next((each for each in sorted(read) if kept[each] != read[each].begin), min(read))
            raise VersionConflict(f"partition {other} of the timers", read[other].begin) from None

    async def unset(self, timers: Sequence[Timer]) -> None:
        fired = sorted(timers, key=lambda timer: timer.id)
        if fired:
            dues = numbers([to_microseconds(timer.due) for timer in fired])
            await self._database.change(_UNSET_FIRED, (texts([timer.id for timer in fired]), dues))

    async def read_up_to(self, partitions: Set[int]) -> Mapping[int, int]:
        rows = await self._database.read(_READ_UP_TO, (numbers(sorted(partitions)),))
        return {**dict.fromkeys(partitions, 0), **dict(rows)}

    async def move_strays(self, partitions: Set[int], to: int) -> int:
        return await self._database.change(_MOVE_STRAYS, (to, numbers(sorted(partitions))))

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
