"""The server is killed at random moments under load: everything that was accepted ends, once.

`WAYGRID_CHAOS_KILLS` says how often (20), `WAYGRID_CHAOS_SEED` when and what; the seed is printed. `nox -s chaos` does
it at length.
"""

import os
import random
import secrets
from pathlib import Path

import aiohttp
import anyio
import pytest

from tests.integration.faults.judging import judge_data
from tests.integration.faults.load import APP, ELSEWHERE, Load
from tests.integration.faults.processes import ask, dev_server, ending, receiving, worker

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KILLS = int(os.environ.get("WAYGRID_CHAOS_KILLS", "20"))
SEED = int(os.environ.get("WAYGRID_CHAOS_SEED") or secrets.randbelow(1_000_000))
LANES = 24
SECONDS_A_KILL = 10


@pytest.mark.timeout(300 + SECONDS_A_KILL * KILLS)
async def test_whenever_the_server_is_killed_all_that_was_accepted_ends_once(tmp_path: Path) -> None:
    print(f"WAYGRID_CHAOS_SEED={SEED} WAYGRID_CHAOS_KILLS={KILLS}")
    chance = random.Random(SEED)
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    server = dev_server(tmp_path, "--app", "shop:app")
    workers = [worker(tmp_path, name, "elsewhere:app", server.url) for name in ("one", "two")]
    async with (
        receiving(tmp_path, SEED) as receiver,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        ending(server.command, *workers),
    ):
        load = Load(session, [server.url], receiver, chance)
        for each in workers:
            await each.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load.run, LANES)
            for _ in range(KILLS):
                await server.command.start()
                if chance.random() < 0.8:  # else it may be killed before it is up
                    await server.up(session)
                await anyio.sleep(chance.uniform(0.0, 1.2))
                await server.command.kill()
                if chance.random() < 0.3:
                    victim = chance.choice(workers)
                    await victim.kill()
                    await victim.start()
            await server.command.start()
            await server.up(session)
            load.is_over = True
        await _rest(session, server.url)
        assert await server.command.stop() == 0, server.command.log
        for each in workers:
            assert await each.stop() == 0, each.log
        _, seen = await ask(session, "GET", f"{receiver}/seen")
    print(f"{len(load.accepted)} traversals, {load.repeats} requests sent again, {dict(load.kinds)}")
    assert load.repeats > 0
    assert set(load.statuses) == set(load.accepted.values())
    assert "Traceback" not in server.command.log
    await judge_data(tmp_path / "data", load.accepted, set(seen))


async def _rest(session: aiohttp.ClientSession, url: str) -> None:
    """Until nothing is on its way any more: what outlives a traversal (an onEnd) has ended too."""
    with anyio.fail_after(60):
        while True:
            _, running = await ask(session, "GET", f"{url}/v1/traversals?status=running&children=true&limit=1")
            async with session.get(f"{url}/metrics") as response:
                lines = (await response.text()).splitlines()
            backlog = sum(
                float(line.rpartition(" ")[2]) for line in lines if line.startswith("waygrid_backlog_messages{")
            )
            if not running["items"] and backlog == 0:
                return
            await anyio.sleep(0.1)
