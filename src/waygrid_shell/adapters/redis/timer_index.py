"""Timers due soon, in Redis, over the book that keeps them all.

What is written goes into the book first and then into the index, where timers of the next minutes are, each partition
by itself. The index is never the truth. It is filled from the book when a process gets a partition, before it runs out
of minutes, and whenever it may lack something: it was emptied, it is on another server, somebody else wrote to it, a
write to it failed. As long as it cannot be asked, the book is.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import anyio

from waygrid_core.model.identifiers import TimerId
from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.timer_shards import AT_ONCE, NotThere, TimerShards
from waygrid_shell.ports.timer_book import NOTHING_READ, Stretch, Timer, TimerBook

HORIZON: Final = timedelta(minutes=5)
"""How far ahead the index looks. Timers beyond it come into it later, unless they are unset first, as most are."""

_FILLED_AT_ONCE: Final = 20_000
"""Timers; where more are due within the horizon, the index looks less far ahead."""
_TRIES: Final = 2
"""An index that has just been filled and is gone again is not filled a third time for one question."""


class IndexedTimerBook:
    """See `waygrid_shell.ports.timer_book.TimerBook`: `book`, with an index. One for all partitions of a process."""

    def __init__(self, client: RedisClient, book: TimerBook, horizon: timedelta = HORIZON) -> None:
        self._book = book
        self._horizon = horizon
        self._shards = TimerShards(client, 2 * horizon)
        self._writing: list[tuple[Set[TimerId], anyio.Event]] = []
        self._touched: set[TimerId] | None = None
        """What has been written since the filling of an index began: newer than what is read from the book."""
        self._filling = anyio.Lock()
        self._indexing = anyio.Lock()
        """Whoever writes to the index does so under one claim."""

    async def write(
        self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId], read: Mapping[int, Stretch] = NOTHING_READ
    ) -> None:
        await self._write(
            {*(timer.id for timer in to_set), *to_unset},
            lambda: self._book.write(to_set=to_set, to_unset=to_unset, read=read),
            lambda: self._shards.write(to_set, to_unset),
        )

    async def unset(self, timers: Sequence[Timer]) -> None:
        await self._write(
            {timer.id for timer in timers}, lambda: self._book.unset(timers), lambda: self._shards.unset(timers)
        )

    async def _write(
        self, timers: Set[TimerId], in_book: Callable[[], Awaitable[None]], in_index: Callable[[], Awaitable[None]]
    ) -> None:
        async with self._turn(timers):
            try:
                await in_book()
            except BaseException:
                self._shards.forget()  # it may have been written all the same
                raise
            if self._shards.is_resting:
                self._shards.forget()
                return
            async with self._indexing:
                try:
                    await in_index()
                except NotThere:
                    self._shards.forget()  # any may lack some of it: they are filled anew before they are asked

    async def move_strays(self, partitions: Set[int], to: int) -> int:
        moved = await self._book.move_strays(partitions, to)
        if moved:
            self._shards.forget({to})  # it is filled anew, with these
        return moved

    async def read_up_to(self, partitions: Set[int]) -> Mapping[int, int]:
        return await self._book.read_up_to(partitions)

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        if not partitions or self._shards.is_resting:
            return await self._book.due(now, limit, partitions)
        for _ in range(_TRIES):
            try:
                await self._fill_where_needed(partitions, now)
                found = await self._shards.due(partitions, now, limit)
                if len(found) == limit or self._shards.are_filled_until(now):
                    return found
                self._shards.forget()  # more were due at once than it was filled with
            except NotThere:
                if self._shards.is_resting:
                    break
        return await self._book.due(now, limit, partitions)

    async def next_due(self, partitions: Set[int]) -> datetime | None:
        if partitions and not self._shards.is_resting:
            try:
                first = await self._shards.next_due(partitions)
                if first is not None and self._shards.are_filled_until(first):
                    return first
            except NotThere:
                pass
        return await self._book.next_due(partitions)

    async def are_set(self, timers: Sequence[TimerId]) -> Set[TimerId]:
        return await self._book.are_set(timers)

    async def count(self) -> int:
        return await self._book.count()

    @asynccontextmanager
    async def _turn(self, timers: Set[TimerId]) -> AsyncIterator[None]:
        """Two writes of one timer come to the index in the order in which they came to the book."""
        while done := next((done for others, done in self._writing if not timers.isdisjoint(others)), None):
            await done.wait()
        turn = timers, anyio.Event()
        self._writing.append(turn)
        if self._touched is not None:
            self._touched |= timers
        try:
            yield
        finally:
            self._writing.remove(turn)
            turn[1].set()

    async def _fill_where_needed(self, partitions: Set[int], now: datetime) -> None:
        """Have a shard for each of these. Raises `NotThere`, and what the book raises."""
        async with self._filling:
            lacking = self._shards.lacking(partitions, self._horizon / 2)
            if lacking:
                await self._fill(lacking, now)

    async def _fill(self, partitions: Sequence[int], now: datetime) -> None:
        until = now + self._horizon
        try:
            async with self._indexing:
                self._touched = touched = {timer for timers, _ in self._writing for timer in timers}
                await self._shards.claim(partitions, until)
            timers = await self._book.due(until, _FILLED_AT_ONCE, frozenset(partitions))
            if len(timers) == _FILLED_AT_ONCE:
                until = timers[-1].due
            for start in range(0, len(timers), AT_ONCE):
                async with self._indexing:  # what is written meanwhile is seen here, or comes after
                    part = timers[start : start + AT_ONCE]
                    await self._shards.fill([timer for timer in part if timer.id not in touched])
            self._shards.reach(partitions, until)
        except BaseException:
            self._shards.forget(partitions)
            raise
        finally:
            self._touched = None
