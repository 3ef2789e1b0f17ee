"""A line of the table."""

import os
from collections.abc import Mapping, Sequence

from attrs import Factory, frozen

from benchmarks.cluster.processor_time import ProcessorTime


@frozen(kw_only=True)
class Figure:
    """What was measured. `ratio` is a rate of steps beside what the raw loop of Kafka allows: half its records.

    `processor` is the processor time by name per 1 000 steps, in seconds; `load` the average of the last minute when
    it was measured: what else ran on the machine is in it, and what was measured too.
    """

    name: str
    value: float
    unit: str
    target: str = ""
    ratio: float | None = None
    processor: Mapping[str, float] = Factory(dict)
    load: float = Factory(lambda: os.getloadavg()[0])


def per_thousand(used: ProcessorTime, steps: float) -> dict[str, float]:
    """Seconds of processor time per 1 000 steps, by name."""
    return {name: 1_000 * seconds / steps for name, seconds in used.seconds.items() if seconds}


def percentile(seconds: Sequence[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(seconds)
    return 1_000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)]
