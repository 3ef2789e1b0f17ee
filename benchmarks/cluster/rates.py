"""How much the cluster does with so many processes, and what that costs."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from benchmarks.cluster.origin import Origin, origin_of
from benchmarks.cluster.plant import Plant
from benchmarks.cluster.processor_time import ProcessorTime, between, reading
from benchmarks.cluster.servers import BenchmarkServers


@frozen(kw_only=True)
class Rate:
    """Traversals and steps a second, and the processor time that so many steps took, by name."""

    traversals: float
    steps: float
    used: ProcessorTime
    steps_run: int
    latencies: list[float]


async def rate_of(
    plant: Plant,
    servers: BenchmarkServers,
    document: Mapping[str, Any],
    steps: int,
    *,
    traversals: int,
    in_flight: int,
    tries: int = 2,
) -> Rate:
    """The best of so many tries, after one to warm up; `steps` are those of one traversal."""
    async with origin_of(plant.settings) as origin:
        await origin.prepare(document)
        await origin.keep_in_flight(max(traversals // 2, 1), in_flight)
        rates = [await _one(origin, plant, servers, steps, traversals, in_flight) for _ in range(tries)]
    return max(rates, key=lambda each: each.steps)


async def _one(
    origin: Origin, plant: Plant, servers: BenchmarkServers, steps: int, traversals: int, in_flight: int
) -> Rate:
    pids = {**servers.pids, "Waygrid": plant.pids}
    before = reading(pids)
    result = await origin.keep_in_flight(traversals, in_flight)
    used = between(before, reading(pids))
    return Rate(
        traversals=traversals / result.seconds,
        steps=traversals * steps / result.seconds,
        used=used,
        steps_run=traversals * steps,
        latencies=result.latencies,
    )
