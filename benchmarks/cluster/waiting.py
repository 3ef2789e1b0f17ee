"""How long a chain takes: when nothing else runs, at half of what the cluster can do, and where the knee is."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from benchmarks.cluster.figure import percentile
from benchmarks.cluster.origin import Origin

LADDER: Final = (0.3, 0.45, 0.6, 0.75, 0.9)
"""Shares of the highest rate, at which chains are handed in whatever becomes of those before."""

KNEE_MILLISECONDS: Final = 250
"""Beyond the knee one chain in a hundred takes longer than this: there is a queue, and not only the work."""


@frozen(kw_only=True)
class Wait:
    """How long chains took that were handed in at a rate (chains a second; 0: one after the other)."""

    rate: float
    half: float
    """Milliseconds; as many took longer as took less."""
    hundredth: float
    """Milliseconds; one in a hundred took longer."""


async def idle_wait(origin: Origin, singles: int) -> Wait:
    """One chain after the other."""
    await origin.keep_in_flight(min(20, singles), 1)
    return _wait(0, (await origin.keep_in_flight(singles, 1)).latencies)


async def wait_at(origin: Origin, rate: float, seconds: float) -> Wait:
    """So many chains a second."""
    return _wait(rate, (await origin.at_rate(rate, seconds)).latencies)


async def ladder(origin: Origin, highest: float, seconds: float) -> Sequence[Wait]:
    """From few to many, until one is beyond the knee."""
    waits: list[Wait] = []
    for share in LADDER:
        waits.append(await wait_at(origin, share * highest, seconds))
        if waits[-1].hundredth > KNEE_MILLISECONDS:
            break
    return waits


def knee(waits: Sequence[Wait]) -> Wait:
    """The highest rate before the knee; the lowest one if all are beyond it."""
    before = [each for each in waits if each.hundredth <= KNEE_MILLISECONDS]
    return before[-1] if before else waits[0]


def _wait(rate: float, latencies: Sequence[float]) -> Wait:
    return Wait(rate=rate, half=percentile(latencies, 0.5), hundredth=percentile(latencies, 0.99))
