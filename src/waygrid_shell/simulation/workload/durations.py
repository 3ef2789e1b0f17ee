"""How long something takes: distributions, in seconds."""

import math
from random import Random
from statistics import NormalDist
from typing import Final, TypeAlias

from attrs import frozen

_P99: Final = NormalDist().inv_cdf(0.99)
"""How many standard deviations of a normal distribution one in a hundred is beyond."""


@frozen
class Constant:
    """Always the same."""

    seconds: float

    @property
    def mean(self) -> float:
        """In seconds."""
        return self.seconds

    def draw(self, chance: Random) -> float:
        """One, in seconds."""
        del chance
        return self.seconds


@frozen
class Uniform:
    """Anything between two bounds, all equally likely."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """In seconds."""
        return (self.low + self.high) / 2

    def draw(self, chance: Random) -> float:
        """One, in seconds."""
        return chance.uniform(self.low, self.high)


@frozen
class Exponential:
    """Often short, now and then long; without memory: how long it took already says nothing."""

    mean: float

    def draw(self, chance: Random) -> float:
        """One, in seconds."""
        return chance.expovariate(1.0 / self.mean)


@frozen
class LogNormal:
    """What services are like: most answers come about as soon as the median, one in a hundred later than `p99`."""

    median: float
    p99: float

    @property
    def mean(self) -> float:
        """In seconds."""
        return self.median * math.exp(self._spread**2 / 2)

    @property
    def _spread(self) -> float:
        return math.log(self.p99 / self.median) / _P99

    def draw(self, chance: Random) -> float:
        """One, in seconds."""
        return self.median * math.exp(self._spread * chance.gauss(0.0, 1.0))


Duration: TypeAlias = Constant | Uniform | Exponential | LogNormal
