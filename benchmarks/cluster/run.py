"""Every figure, in the order of the table."""

import asyncio
from collections.abc import Generator, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import uvloop
from attrs import evolve, frozen

from benchmarks.cluster.figure import Figure, per_thousand, percentile
from benchmarks.cluster.kafka_alone import raw_loop
from benchmarks.cluster.origin import origin_of
from benchmarks.cluster.others import OtherRun, celery, dbos, has
from benchmarks.cluster.plant import Plant, own_settings, plant_of
from benchmarks.cluster.postgres_alone import rows_written
from benchmarks.cluster.processor_time import between, reading, resident_bytes
from benchmarks.cluster.rates import Rate, rate_of
from benchmarks.cluster.recovery import seconds_to_recover
from benchmarks.cluster.servers import BenchmarkServers
from benchmarks.cluster.waiting import KNEE_MILLISECONDS, Wait, idle_wait, knee, ladder, wait_at
from benchmarks.work import chain, fork, second
from waygrid_shell.settings.settings import Settings

CHAIN_STEPS: Final = 3
FORK_STEPS: Final = 5


@frozen(kw_only=True)
class Sizes:
    """How much of each is run."""

    records: int
    rows: int
    other_chains: int
    chains: int
    in_flight: int
    processes: Sequence[int]
    singles: int
    timers: int
    load_seconds: float
    idle_seconds: float
    partitions: Sequence[int] = ()
    """Beside the 8 of all other figures."""
    sessions: Sequence[timedelta] = ()
    """The session timeouts with which it is measured how long a process is missed that was killed."""


def figures(servers: BenchmarkServers, sizes: Sizes) -> Iterator[Figure]:
    """What others do first, then the cluster."""
    steps = yield from _kafka(servers, sizes)
    yield from _postgres(servers, sizes)
    dbos_steps = yield from _dbos(servers, sizes)
    yield from _celery(servers, sizes)
    best: dict[int, Rate] = {}
    for count in sizes.processes:
        with own_settings(servers) as settings, plant_of(settings, ["all"] * count) as plant:
            best[count] = yield from _rates(servers, plant, sizes, steps)
    fastest = max(best, key=lambda count: best[count].steps)
    yield from _times_dbos(best[fastest], dbos_steps)
    with own_settings(servers) as settings, plant_of(settings, ["all"] * fastest) as plant:
        yield from _waits(servers, plant, sizes, best[fastest])
    with own_settings(servers) as settings, plant_of(settings, ["all"]) as plant:
        yield from _at_rest(servers, plant, sizes)
    for session in sizes.sessions:
        with own_settings(servers) as settings:
            yield from _recovery(settings, session, best[fastest])
    for partitions in sizes.partitions:
        with own_settings(servers, partitions) as settings, plant_of(settings, ["all"] * fastest) as plant:
            name = f"Waygrid, {_processes(fastest)}, {partitions} partitions: chain of three"
            yield _steps(name, _run(rate_of(plant, servers, chain(), CHAIN_STEPS, **_size(sizes))), steps)


def _run(work: Any) -> Any:
    return uvloop.run(work)


def _kafka(servers: BenchmarkServers, sizes: Sizes) -> Generator[Figure, None, float]:
    """Returns how many steps a second the raw loop allows: each takes two records."""
    raw_loop(servers, sizes.records // 2, 1)  # until Kafka has been compiled
    most = 0.0
    for loops in (1, 2):
        rate, ran = raw_loop(servers, sizes.records, loops)
        most = max(most, rate / 2)
        used = per_thousand(ran.used, sizes.records / 2)
        name = f"Kafka alone: consume > produce > commit, {_processes(loops)}"
        yield Figure(name=name, value=rate, unit="records/s", processor=used)
    yield Figure(name="what that allows, at two records a step", value=most, unit="steps/s", ratio=1.0)
    return most


def _postgres(servers: BenchmarkServers, sizes: Sizes) -> Iterator[Figure]:
    rate, ran = rows_written(servers, sizes.rows)
    steps = rate * CHAIN_STEPS
    yield Figure(
        name="PostgreSQL alone: the rows of a chain of three, by psycopg",
        value=steps,
        unit="steps/s",
        processor=per_thousand(ran.used, steps * ran.seconds),
    )


def _dbos(servers: BenchmarkServers, sizes: Sizes) -> Generator[Figure, None, float | None]:
    """Returns the most steps a second; None if it is not installed."""
    if not has("dbos"):
        return None
    alone = dbos(servers, chains=max(sizes.other_chains // 4, 2), form="sync", processes=1, in_flight=1)
    yield from _other(alone)
    runs = [
        dbos(servers, chains=sizes.other_chains, form=form, processes=processes, in_flight=in_flight)
        for form, processes, in_flight in (("sync", 1, 20), ("sync", 2, 10), ("async", 2, 20))
    ]
    for each in runs:
        yield from _other(each)
    return max(each.rate for each in runs)


def _celery(servers: BenchmarkServers, sizes: Sizes) -> Iterator[Figure]:
    if not has("celery"):
        return
    for children in (2, 4):
        yield from _other(celery(servers, chains=sizes.other_chains, singles=sizes.singles // 4 + 1, children=children))


def _other(run: OtherRun) -> Iterator[Figure]:
    yield Figure(name=run.name, value=run.rate, unit="steps/s", processor=per_thousand(run.used, run.steps))
    if "1 in flight" in run.name or "Celery" in run.name:
        yield Figure(name=f"{run.name}: one chain at a time, p50", value=percentile(run.latencies, 0.5), unit="ms")


def _size(sizes: Sizes) -> dict[str, int]:
    return {"traversals": sizes.chains, "in_flight": sizes.in_flight}


def _rates(servers: BenchmarkServers, plant: Plant, sizes: Sizes, allowed: float) -> Generator[Figure, None, Rate]:
    """Returns that of the chain."""
    count = len(plant.processes)
    chains: Rate = _run(rate_of(plant, servers, chain(), CHAIN_STEPS, **_size(sizes)))
    name = f"Waygrid, {_processes(count)}: chain of three"
    yield Figure(name=name, value=chains.traversals, unit="traversals/s")
    yield _steps(name, chains, allowed, target="8 000")
    yield Figure(
        name=f"{name}: processor time", value=chains.used.total / chains.steps_run * 1_000, unit="s/1 000 steps",
        target="0.25",
    )  # fmt: skip
    forks: Rate = _run(rate_of(plant, servers, fork(), FORK_STEPS, **_size(sizes)))
    name = f"Waygrid, {_processes(count)}: step, fork of three, join, step"
    yield Figure(name=name, value=forks.traversals, unit="traversals/s")
    yield _steps(name, forks, allowed)
    memory = max(resident_bytes(pid) for pid in plant.pids) / 2**20
    yield Figure(name=f"Waygrid, {_processes(count)}: most memory of a process", value=memory, unit="MiB")
    return chains


def _steps(name: str, rate: Rate, allowed: float, target: str = "") -> Figure:
    used = per_thousand(rate.used, rate.steps_run)
    return Figure(
        name=name, value=rate.steps, unit="steps/s", ratio=rate.steps / allowed, processor=used, target=target
    )


def _times_dbos(best: Rate, dbos_steps: float | None) -> Iterator[Figure]:
    if dbos_steps is not None:
        yield Figure(name="Waygrid beside DBOS", value=best.steps / dbos_steps, unit="times as fast", target="20")


def _waits(servers: BenchmarkServers, plant: Plant, sizes: Sizes, best: Rate) -> Iterator[Figure]:
    async def measured() -> tuple[Wait, Sequence[Wait], Wait]:
        async with origin_of(plant.settings) as origin:
            await origin.prepare(chain())
            await origin.keep_in_flight(sizes.chains // 2, sizes.in_flight)
            idle = await idle_wait(origin, sizes.singles)
            steps = await ladder(origin, best.traversals, sizes.load_seconds)
            return idle, steps, await wait_at(origin, knee(steps).rate / 2, sizes.load_seconds)

    idle, waits, half = _run(measured())
    yield Figure(name="one chain at a time, p50", value=idle.half, unit="ms", target="15")
    yield Figure(name="one chain at a time, p99", value=idle.hundredth, unit="ms")
    for each in waits:
        name = f"{each.rate * CHAIN_STEPS:,.0f} steps/s handed in".replace(",", " ")
        yield Figure(name=f"{name}, p50", value=each.half, unit="ms")
        yield Figure(name=f"{name}, p99", value=each.hundredth, unit="ms")
    name = f"the knee: p99 of a chain of three passes {KNEE_MILLISECONDS} ms beyond"
    yield Figure(name=name, value=knee(waits).rate * CHAIN_STEPS, unit="steps/s")
    yield Figure(name="at half the knee, p50", value=half.half, unit="ms")
    yield Figure(name="at half the knee, p99", value=half.hundredth, unit="ms")


def _at_rest(servers: BenchmarkServers, plant: Plant, sizes: Sizes) -> Iterator[Figure]:
    async def timers() -> list[float]:
        async with origin_of(plant.settings) as origin:
            await origin.prepare(second())
            await origin.keep_in_flight(2, 2)
            result = await origin.keep_in_flight(sizes.timers, sizes.timers)
            summaries = await origin.ports.journal.summaries(result.traversals)
            ended = [each for each in summaries.values() if each.ended_at is not None]
            return [(each.ended_at - each.begun_at).total_seconds() - 1 for each in ended if each.ended_at is not None]

    async def at_rest() -> None:
        await asyncio.sleep(sizes.idle_seconds)

    late = _run(timers())
    yield Figure(name="timers of 1 s, late by, median", value=percentile(late, 0.5), unit="ms")
    yield Figure(name="timers of 1 s, late by, p99", value=percentile(late, 0.99), unit="ms")
    pids = {**servers.pids, "Waygrid": plant.pids}
    before = reading(pids)
    _run(at_rest())
    used = between(before, reading(pids))
    for name, seconds in used.seconds.items():
        yield Figure(name=f"at rest, {name}", value=100 * seconds / sizes.idle_seconds, unit="% of a core")


def _recovery(settings: Settings, session: timedelta, best: Rate) -> Iterator[Figure]:
    settings = evolve(settings, kafka=evolve(settings.kafka, session_timeout=session))

    async def measured(plant: Plant) -> float:
        async with origin_of(plant.settings) as origin:
            await origin.prepare(chain())
            await origin.keep_in_flight(500, 50)
            return await seconds_to_recover(origin, plant, 1, best.traversals / 4)

    with plant_of(settings, ["all", "all"]) as plant:
        seconds = _run(measured(plant))
    name = f"killed owner of partitions: until all of them step, kafka.session_timeout {session.total_seconds():g} s"
    yield Figure(name=name, value=seconds, unit="s")


def _processes(count: int) -> str:
    return f"{count} process" + ("" if count == 1 else "es")
