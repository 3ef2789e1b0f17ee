"""What of a partition is finished: everything below a place, and some stretches above it."""

from bisect import bisect_right
from collections.abc import Iterable

EPOCH_BITS = 64
"""An offset has at most 63 bits: what stands above them tells one ownership of a partition from another."""


class Ledger:
    """The ledger of one partition, as long as it is ours without a break.

    Places are offsets plus `base`, which is higher each time that the partition comes to us: what was taken before a
    break lies below, as if it were finished.
    """

    __slots__ = (
        "_ends",
        "_starts",
        "base",
        "committed",
        "given_to",
        "low",
        "open",
        "partition",
        "repeated_below",
        "topic",
    )

    def __init__(self, topic: str, partition: int, epoch: int) -> None:
        self.topic = topic
        self.partition = partition
        self.base = epoch << EPOCH_BITS
        self.low = self.base
        """All places below are finished."""
        self.given_to = -1
        """The place after the last one that was read; -1 before the first."""
        self.committed = self.base
        self.repeated_below = self.base + (1 << EPOCH_BITS) - 1
        """Records below may have been taken by an earlier owner; all, until it is known better."""
        self.open = 0
        """So many were read and are not finished."""
        self._starts: list[int] = []
        self._ends: list[int] = []

    def begin_at(self, place: int) -> None:
        """Nothing below is ours to finish."""
        self.low = self.committed = self.given_to = place

    def read(self, count: int, first: int, end: int) -> None:
        """So many records from `first` on were read, and the next one stands at `end` or later."""
        if self.given_to < 0:
            self.begin_at(first)
        elif first > self.given_to:
            self.finish_stretch(self.given_to, first)  # nobody's records: marks of transactions, or compacted away
        self.given_to = end
        self.open += count

    def finish_stretch(self, start: int, end: int) -> None:
        """Everything from `start` up to, not including, `end` is finished."""
        self._put(start, end)
        self._advance()

    def finish(self, places: Iterable[int]) -> int:
        """These are finished; how many of them were not before."""
        count = 0
        low = self.low
        for place in places:
            if place == low:
                low += 1
                count += 1
                if self._starts and self._starts[0] <= low:
                    self.low = low
                    self._advance()
                    low = self.low
            elif place > low and not self._has(place):
                self._put(place, place + 1)
                count += 1
        self.low = low
        self.open -= count
        return count

    def offset(self) -> int:
        """The offset of the lowest record that is not finished: what is to be committed."""
        return self.low - self.base

    def _has(self, place: int) -> bool:
        index = bisect_right(self._starts, place) - 1
        return index >= 0 and place < self._ends[index]

    def _put(self, start: int, end: int) -> None:
        """A stretch that overlaps no other, joined to its neighbours."""
        index = bisect_right(self._starts, start)
        joins_left = index > 0 and self._ends[index - 1] == start
        joins_right = index < len(self._starts) and self._starts[index] == end
        if joins_left and joins_right:
            self._ends[index - 1] = self._ends.pop(index)
            del self._starts[index]
        elif joins_left:
            self._ends[index - 1] = end
        elif joins_right:
            self._starts[index] = start
        else:
            self._starts.insert(index, start)
            self._ends.insert(index, end)

    def _advance(self) -> None:
        while self._starts and self._starts[0] <= self.low:
            self.low = max(self.low, self._ends.pop(0))
            del self._starts[0]
