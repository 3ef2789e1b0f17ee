"""`waygrid worker` in processes of its own, against a real `waygrid dev`: killed, drained, and left by its server."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from tests.integration.faults.processes import Command, Server, ask, dev_server, ending, worker
from tests.integration.plant.running import work

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

APP = """
import asyncio, os
from pathlib import Path
from waygrid_shell.processors.function import App, Attempt

app = App()
ME = os.environ.get("ME", "")

def note(what, attempt):
    with open("notes.txt", "a") as notes:
        notes.write(f"{ME} {what} {attempt.attempt_key}\\n")

@app.processor("item", concurrency=8)
async def item(given, attempt: Attempt):
    note("item", attempt)
    await asyncio.sleep(0.01)
    return {"by": ME}

@app.processor("long")
async def long(given, attempt: Attempt):
    note("begins", attempt)
    try:
        while not Path("go").exists():
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        note("canceled", attempt)
        raise
    note("ends", attempt)
    return {"by": ME}
"""


def spec(service: str) -> dict[str, Any]:
    return {"entryPoints": [work(service)]}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def server(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[Server]:
    (tmp_path / "shop.py").write_text(APP)
    server = dev_server(tmp_path)
    async with ending(server.command):
        await server.command.start()
        await server.up(session)
        yield server


async def submit(session: aiohttp.ClientSession, server: Server, service: str) -> str:
    status, accepted = await ask(session, "POST", f"{server.url}/v1/traversals", {"spec": spec(service), "payload": {}})
    assert status == 202, accepted
    return str(accepted["id"])


async def ended(session: aiohttp.ClientSession, server: Server, traversal: str) -> Any:
    with anyio.fail_after(60):
        while True:
            _, view = await ask(session, "GET", f"{server.url}/v1/traversals/{traversal}")
            if view["status"] in ("completed", "failed", "canceled", "timed-out"):
                return view
            await anyio.sleep(0.02)


async def noted(folder: Path, count: int, what: str) -> list[list[str]]:
    """So many notes of that kind, once they are there."""
    with anyio.fail_after(60):
        while True:
            path = folder / "notes.txt"
            lines = [line.split(" ") for line in path.read_text().splitlines()] if path.exists() else []
            found = [line for line in lines if line[1] == what]
            if len(found) >= count:
                return found
            await anyio.sleep(0.02)


async def test_one_of_two_workers_is_killed_and_everything_ends(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, ME="one")
    two = worker(tmp_path, "two", "shop:app", server.url, ME="two")
    async with ending(one, two):
        await one.start()
        await two.start()
        traversals = [await submit(session, server, "item") for _ in range(150)]
        while not {"one", "two"} <= {line[0] for line in await noted(tmp_path, 1, "item")}:
            traversals.append(await submit(session, server, "item"))
        await one.kill()
        traversals += [await submit(session, server, "item") for _ in range(50)]
        ends = [await ended(session, server, each) for each in traversals]
        assert {end["status"] for end in ends} == {"completed"}
        assert {end["output"]["by"] for end in ends} <= {"one", "two"}
        assert await two.stop() == 0


async def test_a_long_attempt_of_a_killed_worker_goes_to_the_other(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, ME="one")
    two = worker(tmp_path, "two", "shop:app", server.url, ME="two")
    async with ending(one, two):
        await one.start()
        traversal = await submit(session, server, "long")
        ((first, _, key),) = await noted(tmp_path, 1, "begins")
        await two.start()
        await one.kill()
        again = (await noted(tmp_path, 2, "begins"))[1]
        assert (first, again) == ("one", ["two", "begins", key])
        (tmp_path / "go").touch()
        assert (await ended(session, server, traversal))["output"] == {"by": "two"}


async def test_a_long_attempt_in_another_process_is_canceled(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, ME="one")
    async with ending(one):
        await one.start()
        traversal = await submit(session, server, "long")
        await noted(tmp_path, 1, "begins")
        status, _ = await ask(session, "POST", f"{server.url}/v1/traversals/{traversal}/cancel")
        assert status == 202
        await noted(tmp_path, 1, "canceled")
        assert (await ended(session, server, traversal))["status"] == "canceled"


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "stopped"])
async def test_a_worker_goes_on_when_its_server_comes_back(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession, is_killed: bool
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, ME="one")
    async with ending(one):
        await one.start()
        traversal = await submit(session, server, "long")
        await noted(tmp_path, 1, "begins")
        if is_killed:
            await server.command.kill()
        else:
            assert await server.command.stop() == 0
        (tmp_path / "go").touch()
        await noted(tmp_path, 1, "ends")  # it could tell nobody
        await server.command.start()
        await server.up(session)
        assert (await ended(session, server, traversal))["output"] == {"by": "one"}
        assert len(await noted(tmp_path, 1, "begins")) == 1
        assert await one.stop() == 0


async def test_sigterm_lets_an_attempt_finish_and_takes_nothing_new(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, ME="one")
    async with ending(one):
        await one.start()
        traversal = await submit(session, server, "long")
        await noted(tmp_path, 1, "begins")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop, one)
            with anyio.fail_after(60):
                while "stopping" not in one.log:
                    await anyio.sleep(0.02)
            later = await submit(session, server, "long")
            (tmp_path / "go").touch()
        assert (await ended(session, server, traversal))["output"] == {"by": "one"}
        assert len(await noted(tmp_path, 1, "begins")) == 1
        two = worker(tmp_path, "two", "shop:app", server.url, ME="two")
        async with ending(two):
            await two.start()
            assert (await ended(session, server, later))["output"] == {"by": "two"}


async def test_what_does_not_end_within_the_drain_goes_to_the_next_worker(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, "--drain", "100ms", ME="one")
    two = worker(tmp_path, "two", "shop:app", server.url, ME="two")
    async with ending(one, two):
        await one.start()
        traversal = await submit(session, server, "long")
        await noted(tmp_path, 1, "begins")
        assert await one.stop() == 0
        (tmp_path / "go").touch()
        await two.start()
        assert (await ended(session, server, traversal))["output"] == {"by": "two"}


async def test_a_worker_that_is_stopped_without_its_server_hands_in_what_it_made_when_that_is_back(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    one = worker(tmp_path, "one", "shop:app", server.url, ME="one")
    async with ending(one):
        await one.start()
        traversal = await submit(session, server, "long")
        await noted(tmp_path, 1, "begins")
        await server.command.kill()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop, one)
            (tmp_path / "go").touch()
            await noted(tmp_path, 1, "ends")
            await server.command.start()
        await server.up(session)
        assert (await ended(session, server, traversal))["output"] == {"by": "one"}


async def test_a_worker_that_may_not_work_exits_with_a_sentence(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    (tmp_path / "shop.py").write_text(APP)
    digest = hashlib.sha256(b"right").hexdigest()
    (tmp_path / "waygrid.toml").write_text(
        f'[[server.keys]]\nname = "worker"\ndigest = "{digest}"\nscopes = ["work"]\n'
    )
    server = dev_server(tmp_path)
    wrong = worker(tmp_path, "wrong", "shop:app", server.url, "--key", "wrong")
    right = worker(tmp_path, "right", "shop:app", server.url, WAYGRID_KEY="right")
    async with ending(server.command, wrong, right):
        await server.command.start()
        await server.up(session)
        await wrong.start()
        assert wrong.process is not None
        with anyio.fail_after(60):
            assert await wrong.process.wait() == 1
        assert "waygrid: the server refuses this worker: nobody here has that key" in wrong.log
        assert "Traceback" not in wrong.log
        await right.start()
        with anyio.fail_after(60):
            while "connected" not in right.log:
                await anyio.sleep(0.02)
        assert await right.stop() == 0


async def _stop(command: Command) -> None:
    assert await command.stop() == 0, command.log
