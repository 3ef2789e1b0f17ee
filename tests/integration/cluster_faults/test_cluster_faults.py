"""Whatever happens to a cluster under load, everything that was accepted ends, once; and nothing is left.

The short form does each fault once, over one cluster, in the order that the seed says. The long one (`nox -s chaos`)
goes on for `WAYGRID_CHAOS_MINUTES`. `WAYGRID_CHAOS_SEED` repeats one, as far as time is a matter of chance;
`WAYGRID_CHAOS_FAULTS` picks some, such as `kill-kafka,empty-redis`. What was done is printed, with where the logs are.
"""

import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import anyio
import pytest

from tests.integration.cluster_faults.faults import FAULTS, rebalance
from tests.integration.cluster_faults.scene import OwnServers, Scene, own_servers, scene
from tests.integration.faults.judging import Evidence, judge, timers_of
from tests.integration.faults.load import Load
from tests.integration.faults.processes import Command
from tests.servers.programs import Missing
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.simulation.judging import stale_timers, unrest

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MINUTES: Final = float(os.environ.get("WAYGRID_CHAOS_MINUTES", "0"))
"""0: each fault once."""

SEED: Final = int(os.environ.get("WAYGRID_CHAOS_SEED") or secrets.randbelow(1_000_000))
LANES: Final = 16
RECOVERY_SECONDS: Final = 180.0
"""How long after a fault what was accepted may take to end; a machine that is busy otherwise has to find the time."""

BOTH: Final = 0.4
"""How often the long form has members join and leave groups while something else happens."""
ALONE: Final = frozenset({"rebalance", "duplicates"})


@pytest.fixture
def servers() -> Iterator[OwnServers]:
    """Servers of this test's own."""
    try:
        with own_servers() as started:
            yield started
    except Missing as error:
        if os.environ.get("WAYGRID_TEST_SERVERS") == "required":
            raise
        pytest.skip(str(error))


@pytest.mark.timeout(900 + MINUTES * 60 + RECOVERY_SECONDS)
async def test_whatever_happens_to_a_cluster_all_that_was_accepted_ends_once(
    tmp_path: Path, servers: OwnServers
) -> None:
    print(f"WAYGRID_CHAOS_SEED={SEED} WAYGRID_CHAOS_MINUTES={MINUTES:g}; logs are in {tmp_path}")
    async with scene(tmp_path, SEED, servers) as stage:
        for fault in _chosen(stage):
            await survive(stage, fault)
        async with anyio.create_task_group() as tasks:
            for command in stage.processes.values():
                tasks.start_soon(_end, command)


async def _end(command: Command) -> None:
    assert await command.stop() == 0, f"{command.name} did not end as it was asked to:\n{command.log[-10_000:]}"
    assert "Traceback" not in command.log, f"{command.name}:\n{_around_traceback(command.log)}"


async def survive(stage: Scene, fault: str) -> None:
    """Do it under load; then all must be as if nothing had happened."""
    number = len(stage.done)
    stage.done.append(fault)
    faults = [FAULTS[fault]]
    if number >= len(FAULTS) and fault not in ALONE and stage.chance.random() < BOTH:
        faults.append(rebalance)
    stage.say(f"--- {fault}: {' '.join((each.__doc__ or '').splitlines()[0] for each in faults)}")
    since = datetime.now(UTC)
    load = stage.begin_load(f"{number}-{fault}")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(load.run, LANES)
        await _takes_in(load, LANES // 2)
        async with anyio.create_task_group() as both:
            for each in faults:
                both.start_soon(each, stage)
        await _takes_in(load, LANES // 2)
        load.is_over = True
        healed_at = time.monotonic()
        with anyio.move_on_after(RECOVERY_SECONDS):
            await load.has_ended.wait()
        assert load.has_ended.is_set(), f"after {fault} these have no end:\n" + "\n".join(
            f"{key}: {waits}" for key, waits in load.waits.items()
        )
    left = await _rest(stage, healed_at + RECOVERY_SECONDS)
    assert not left, f"after {fault} there is no rest: {left}"
    stage.say(
        f"{len(load.accepted)} traversals ({load.repeats} requests sent again), at rest after "
        f"{time.monotonic() - healed_at:.1f} s: {dict(sorted(load.kinds.items()))}"
    )
    if stale := await stale_timers(stage.ports, timers_of(stage.ports)):
        stage.say(f"{len(stale)} timers are left of traversals that have ended")
    evidence = Evidence(
        accepted=load.accepted,
        delivered=await stage.newly_delivered(),
        poison=stage.poison,
        since=since,
    )
    await judge(stage.ports, evidence)
    for name, command in stage.processes.items():
        assert command.process is not None
        assert command.process.returncode is None, f"{name} has ended by itself:\n{command.log[-10_000:]}"


async def _takes_in(load: Load, more: int) -> None:
    """Return once so many more have been accepted."""
    with anyio.move_on_after(RECOVERY_SECONDS) as patience:
        await load.has_handed_in(len(load.accepted) + more)
    assert not patience.cancelled_caught, f"no more is taken in: {load.waits}"


async def _rest(stage: Scene, until: float) -> Sequence[str]:
    """What is left to do at that instant of the monotonic clock; nothing, as soon as nothing is."""
    while True:
        try:
            left = await unrest(stage.ports, timers_of(stage.ports))
        except PortFailure as error:
            left = [str(error)]
        if not left or time.monotonic() > until:
            return left
        await anyio.sleep(0.2)


def _chosen(stage: Scene) -> Iterator[str]:
    given = os.environ.get("WAYGRID_CHAOS_FAULTS")
    names = given.split(",") if given else list(FAULTS)
    ends_at = time.monotonic() + MINUTES * 60
    while True:
        yield from stage.chance.sample(names, len(names))
        if time.monotonic() > ends_at:
            return


def _around_traceback(log: str) -> str:
    found = re.search("Traceback", log)
    assert found is not None
    return log[max(0, found.start() - 2_000) : found.start() + 6_000]
