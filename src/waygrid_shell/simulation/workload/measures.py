"""What is counted, and what it comes to: latencies, and levels over time."""

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import define, field, frozen

GROWING_SHARE: Final = 0.2
GROWING_LEAST: Final = 5.0


@frozen
class Latency:
    """How long something took, in seconds; percentiles by nearest rank. All are 0 where nothing was."""

    count: int = 0
    mean: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0
    most: float = 0.0


def latency_of(seconds: Iterable[float]) -> Latency:
    """What these come to."""
    found = sorted(seconds)
    if not found:
        return Latency()

    def rank(share: float) -> float:
        return found[max(0, math.ceil(share * len(found)) - 1)]

    return Latency(
        count=len(found),
        mean=math.fsum(found) / len(found),
        p50=rank(0.5),
        p90=rank(0.9),
        p99=rank(0.99),
        most=found[-1],
    )


def seconds_list() -> "array[float]":
    """An empty list of seconds, of eight bytes each."""
    return array("d")


@define(eq=False)
class Level:
    """How many there are of something, over time; `area` sums that up, in seconds times their number."""

    count: int = 0
    most: int = 0
    area: float = 0.0
    _since: float = 0.0

    def add(self, by: int, now: float) -> None:
        """There are so many more, or fewer, from now on."""
        self.area += self.count * (now - self._since)
        self._since = now
        self.count += by
        self.most = max(self.most, self.count)

    def area_at(self, now: float) -> float:
        """The area as it is now."""
        return self.area + self.count * (now - self._since)


def is_growing(levels: Sequence[float]) -> bool:
    """Whether a level rises to the end: in the last quarter it is clearly higher than in the one before.

    Clearly is a fifth, and more than chance does to so many.
    """
    quarter = len(levels) // 4
    if quarter == 0:
        return False
    before, after = levels[-2 * quarter : -quarter], levels[-quarter:]
    third, fourth = sum(before) / quarter, sum(after) / quarter
    return fourth - third > max(GROWING_SHARE * third, GROWING_LEAST + math.sqrt(third))


@define(eq=False)
class Bucket:
    """What happened in one part of the time."""

    arrived: int = 0
    ended: int = 0
    backlog: int = 0
    """How many traversals were under way at its end."""
    waiting: int = 0
    """How many attempts nobody had begun at its end."""
    latencies: "array[float]" = field(factory=seconds_list)
    """Of the traversals that ended in it."""
