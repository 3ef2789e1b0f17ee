"""The timer book in memory."""

import heapq
from collections.abc import Mapping, Sequence, Set
from datetime import datetime

from attrs import evolve

from waygrid_core.model.identifiers import TimerId
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.timer_book import NOTHING_READ, Stretch, Timer


class MemoryTimerBook:
    """See `waygrid_shell.ports.timer_book.TimerBook`. A heap whose entries are dropped late when unset or moved."""

    def __init__(self) -> None:
        self._timers: dict[TimerId, tuple[Timer, int]] = {}
        self._heap: list[tuple[datetime, int, TimerId]] = []
        self._order = 0
        self._read_up_to: dict[int, int] = {}

    async def write(
        self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId], read: Mapping[int, Stretch] = NOTHING_READ
    ) -> None:
        for partition, stretch in read.items():
            if self._read_up_to.get(partition, 0) != stretch.begin:
                raise VersionConflict(f"partition {partition} of the timers", stretch.begin)
        self._read_up_to.update((partition, stretch.end) for partition, stretch in read.items())
        for timer in to_set:
            self._order += 1
            self._timers[timer.id] = (timer, self._order)
            heapq.heappush(self._heap, (timer.due, self._order, timer.id))
        for timer_id in to_unset:
            self._timers.pop(timer_id, None)

    async def unset(self, timers: Sequence[Timer]) -> None:
        for timer in timers:
            kept = self._timers.get(timer.id)
            if kept is not None and kept[0].due == timer.due:
                del self._timers[timer.id]

    async def read_up_to(self, partitions: Set[int]) -> Mapping[int, int]:
        return {partition: self._read_up_to.get(partition, 0) for partition in partitions}

    async def move_strays(self, partitions: Set[int], to: int) -> int:
        strays = [(timer, order) for timer, order in self._timers.values() if timer.partition not in partitions]
        self._timers.update((timer.id, (evolve(timer, partition=to), order)) for timer, order in strays)
        return len(strays)

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        found: list[tuple[datetime, int, TimerId]] = []
        others: list[tuple[datetime, int, TimerId]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            entry = heapq.heappop(self._heap)
            if self._is_set(entry):
                (found if self._timers[entry[2]][0].partition in partitions else others).append(entry)
        for entry in (*found, *others):  # they stay set until somebody unsets them
            heapq.heappush(self._heap, entry)
        return [self._timers[timer_id][0] for _, _, timer_id in found]

    async def next_due(self, partitions: Set[int]) -> datetime | None:
        while self._heap and not self._is_set(self._heap[0]):
            heapq.heappop(self._heap)
        ours = (timer.due for timer, _ in self._timers.values() if timer.partition in partitions)
        return self._heap[0][0] if partitions == {0} and self._heap else min(ours, default=None)

    async def are_set(self, timers: Sequence[TimerId]) -> Set[TimerId]:
        return {timer for timer in timers if timer in self._timers}

    async def count(self) -> int:
        return len(self._timers)

    def _is_set(self, entry: tuple[datetime, int, TimerId]) -> bool:
        _, order, timer_id = entry
        kept = self._timers.get(timer_id)
        return kept is not None and kept[1] == order
