"""When traversals are handed in."""

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from random import Random

from attrs import frozen


@frozen
class Step:
    """So many a second, from `first` at its beginning to `last` at its end, for so many seconds (perhaps for ever)."""

    seconds: float
    first: float
    last: float


@frozen
class Bursts:
    """So many at once, every so many seconds, the first ones after half as long."""

    size: int
    every: float


@frozen
class Arrivals:
    """Step after step, and the bursts besides. `is_even`: at equal distances, not as it happens (Poisson)."""

    steps: Sequence[Step]
    bursts: Bursts | None = None
    is_even: bool = False

    @property
    def seconds(self) -> float:
        """How long the steps are that end."""
        return sum(step.seconds for step in self.steps if math.isfinite(step.seconds))

    def instants(self, chance: Random, seconds: float) -> Iterator[float]:
        """Those before `seconds`, in order, in seconds from the beginning."""
        gap = _one if self.is_even else _exponential
        single = _instants(self.steps, lambda: gap(chance))
        together = iter(()) if self.bursts is None else _bursts(self.bursts)
        return itertools.takewhile(lambda at: at < seconds, heapq.merge(single, together))


def _one(chance: Random) -> float:
    del chance
    return 1.0


def _exponential(chance: Random) -> float:
    return chance.expovariate(1.0)


def _instants(steps: Sequence[Step], gap: Callable[[], float]) -> Iterator[float]:
    """Where the rate, summed up over time, has grown by a gap since the last one."""
    begin, left = 0.0, gap()
    for step in steps:
        expected = (step.first + step.last) / 2 * step.seconds if math.isfinite(step.seconds) else math.inf
        reached = 0.0
        while step.first + step.last > 0.0 and reached + left <= expected:
            reached += left
            left = gap()
            yield begin + _when(step, reached)
        left -= expected - reached if expected else 0.0
        begin += step.seconds


def _when(step: Step, count: float) -> float:
    """The time in the step by which `count` are expected."""
    slope = 0.0 if math.isinf(step.seconds) else (step.last - step.first) / step.seconds
    if slope == 0.0:
        return count / step.first
    root = math.sqrt(max(0.0, step.first**2 + 2.0 * slope * count))
    return 2.0 * count / (step.first + root)  # the form that loses no digits where the slope is small


def _bursts(bursts: Bursts) -> Iterator[float]:
    for number in itertools.count():
        yield from itertools.repeat((number + 0.5) * bursts.every, bursts.size)
