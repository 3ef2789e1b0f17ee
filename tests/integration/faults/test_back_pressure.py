"""More is handed in than the disk, or the workers, can take: some is refused for a while, and nothing grows."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from tests.integration.api.serving import listening, platform_over
from tests.integration.faults.processes import ask, dev_server, ending, worker
from tests.integration.faults.slow_disk import SlowDisk, slowed
from tests.integration.plant.running import work
from waygrid_shell.ports.journal import Query
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import ServerSettings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SUBMITS = 10_000
LANES = 120


class Submitter:
    """Hands one Spec in, again and again, and comes back when it is told to come back."""

    def __init__(self, url: str, spec: Any) -> None:
        self.url = url
        self.spec = spec
        self.left = SUBMITS
        self.accepted: list[str] = []
        self.refused: Counter[str] = Counter()

    async def run(self) -> None:
        """All of them, in lanes."""
        connector = aiohttp.TCPConnector(limit=LANES)
        async with aiohttp.ClientSession(connector=connector) as session, anyio.create_task_group() as tasks:
            for _ in range(LANES):
                tasks.start_soon(self._lane, session)

    async def _lane(self, session: aiohttp.ClientSession) -> None:
        while self.left > 0:
            self.left -= 1
            while not await self._submit(session):
                await anyio.sleep(0.2)  # sooner than it was asked to: the server must bear it

    async def _submit(self, session: aiohttp.ClientSession) -> bool:
        body = {"spec": self.spec, "payload": {}}
        async with session.post(f"{self.url}/v1/traversals", json=body) as response:
            document = await response.json(content_type=None)
            if response.status == 429:
                assert int(response.headers["Retry-After"]) >= 1
                self.refused[document["code"]] += 1
                return False
            assert response.status == 202, document
            self.accepted.append(document["id"])
            return True


async def test_a_slow_disk_refuses_who_would_have_to_wait_in_a_crowd() -> None:
    app = App()

    @app.processor("stock")
    async def stock(given: Any) -> Any:
        return {}

    settings = ServerSettings(max_waiting_submissions=40, max_unfinished=2_000)
    disk = SlowDisk(0.01)
    ports = slowed(memory_ports(), disk)
    platform = platform_over(ports, settings)
    with anyio.fail_after(240):
        async with embedded_plant(ports, app.served), anyio.create_task_group() as tasks:
            tasks.start_soon(platform.acceptance.run)
            async with listening(platform) as api:
                load = Submitter(api.url, {"entryPoints": [work("stock")]})
                await load.run()
                while await ports.journal.count_unfinished() or await ports.event_log.backlog():
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
    assert load.refused["no-room"] > 0
    assert len(set(load.accepted)) == SUBMITS
    assert 1 < disk.most_requested <= settings.max_waiting_submissions
    ended = await everything(ports.journal)
    assert {each.traversal for each in ended} == set(load.accepted)
    assert {each.status for each in ended} == {"Completed"}


async def everything(journal: Any) -> list[Any]:
    found: list[Any] = []
    while page := await journal.search(Query(after=found[-1].traversal if found else None, limit=1_000)):
        found += page
    return found


APP = """
from waygrid_shell.processors.function import App
app = App()

@app.processor("later")
async def later(given):
    return {}
"""


async def test_where_nobody_works_more_is_refused_and_the_process_does_not_grow(tmp_path: Path) -> None:
    (tmp_path / "later.py").write_text(APP)
    server = dev_server(tmp_path, WAYGRID_SERVER_MAX_UNFINISHED="1000", WAYGRID_SERVER_MAX_WAITING_SUBMISSIONS="50")
    helper = worker(tmp_path, "worker", "later:app", server.url)
    async with aiohttp.ClientSession() as session, ending(server.command, helper):
        await server.command.start()
        await server.up(session)
        before = memory_of(server.command.process)
        load = Submitter(server.url, {"entryPoints": [work("later")]})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(load.run)
            with anyio.fail_after(60):
                while load.refused.total() < 3_000 or len(load.accepted) < 1_000:
                    await anyio.sleep(0.05)
            assert len(load.accepted) <= 1_000 + 50  # what is written while it looks
            grown = memory_of(server.command.process) - before
            assert grown < 200 * 1024 * 1024, f"{grown} bytes for a thousand traversals that wait"
            await helper.start()
        assert len(set(load.accepted)) == SUBMITS
        with anyio.fail_after(60):
            while (await ask(session, "GET", f"{server.url}/v1/traversals?status=running&limit=1"))[1]["items"]:
                await anyio.sleep(0.05)
        assert await server.command.stop() == 0
        assert await helper.stop() == 0


def memory_of(process: Any) -> int:
    """Resident bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
