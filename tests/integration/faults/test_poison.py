"""Records that nobody can read, and functions that do what they should not: through a real server, from outside."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from tests.integration.faults.poison import poison
from tests.integration.faults.processes import Server, ask, dev_server, ending
from tests.integration.plant.running import work
from waygrid_core.message.messages import NodeTraversalStarted, TimerFired
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.hosting.post import seal
from waygrid_shell.runtime.wiring import sqlite_ports

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

APP = """
import asyncio, threading, time
from waygrid_shell.processors.function import App

app = App()

@app.processor("good")
def good(given):
    return {"good": True}

@app.processor("hangs", timeout="200ms")
async def hangs(given):
    await asyncio.Event().wait()

@app.processor("blocks", timeout="200ms", concurrency=2)
def blocks(given):
    threading.Event().wait(120)

@app.processor("deaf", timeout="200ms")
async def deaf(given):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if given.get("stops"):
                raise
            given["stops"] = True

@app.processor("raises")
def raises(given):
    raise ValueError("secret sauce is missing")

@app.processor("exits")
def exits(given):
    raise SystemExit(3)

@app.processor("object")
def object_(given):
    return {"when": object()}

@app.processor("nan")
def nan(given):
    return {"value": float("nan")}

@app.processor("ring")
def ring(given):
    value = {}
    value["self"] = value
    return value

@app.processor("deep")
def deep(given):
    value = []
    for _ in range(100_000):
        value = [value]
    return value

@app.processor("huge")
def huge(given):
    return "x" * (100 * 1024 * 1024)

@app.processor("wide")
async def wide(given):
    return {"items": ["x" * 1000] * 100_000}

@app.processor("stops")
async def stops(given):
    raise StopAsyncIteration("no more")

@app.processor("surrogate")
def surrogate(given):
    return {"text": "\\ud800"}

@app.processor("group")
async def group(given):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(0))
        raise RuntimeError("inside")
"""

BEHAVIOURS = {
    "hangs": "timeout",
    "blocks": "timeout",
    "deaf": "timeout",
    "raises": "handler-error",
    "exits": "handler-error",
    "object": "bad-output",
    "nan": "bad-output",
    "ring": "bad-output",
    "deep": "bad-output",
    "huge": "bad-output",
    "wide": "bad-output",
    "stops": "handler-error",
    "surrogate": "bad-output",
    "group": "handler-error",
}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that is not started yet."""
    (tmp_path / "shop.py").write_text(APP)
    server = dev_server(tmp_path, "--app", "shop:app")
    async with ending(server.command):
        yield server


async def outcome(session: aiohttp.ClientSession, server: Server, service: str) -> Any:
    body = {"spec": {"entryPoints": [work(service)]}, "payload": {}}
    status, view = await ask(session, "POST", f"{server.url}/v1/traversals?wait=60s", body)
    assert status == 200, view
    return view


async def test_a_function_that_misbehaves_fails_its_attempt_and_nothing_else(
    server: Server, session: aiohttp.ClientSession
) -> None:
    await server.command.start()
    await server.up(session)
    views: dict[str, Any] = {}

    async def try_out(service: str) -> None:
        views[service] = await outcome(session, server, service)

    async with anyio.create_task_group() as tasks:
        for service in [*BEHAVIOURS, "good"]:
            tasks.start_soon(try_out, service)
    assert views.pop("good")["output"] == {"good": True}
    assert {service: view["error"]["code"] for service, view in views.items()} == BEHAVIOURS
    assert views["raises"]["error"]["message"] == "ValueError: secret sauce is missing"
    assert "104857602 bytes" in views["huge"]["error"]["message"]
    assert (await outcome(session, server, "good"))["status"] == "completed"
    assert await server.command.stop() == 0, server.command.log


async def test_a_record_that_nobody_can_read_is_a_dead_letter_and_can_be_redriven(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    topics = ("system.waystation", "system.scheduler", "system.inbox", "processor.good", "destination.webhook")
    async with sqlite_ports(tmp_path / "data") as ports:
        for topic in topics:
            await ports.event_log.publish(poison(topic))
    await server.command.start()
    await server.up(session)
    assert (await outcome(session, server, "good"))["status"] == "completed"
    letters = await dead_letters(session, server, 3 * len(topics))
    assert {letter["topic"] for letter in letters} == set(topics)
    assert all(letter["reason"] for letter in letters)
    by_message = {(letter["topic"], letter["message"]) for letter in letters}
    assert len(by_message) == len(letters)

    first = letters[0]["id"]
    status, moved = await ask(session, "POST", f"{server.url}/v1/dead-letters/{first}/redrive")
    assert (status, moved) == (200, {"count": 1})
    again = await dead_letters(session, server, len(letters))  # it is as dead as it was, and has a new number
    with anyio.fail_after(30):
        while first in {letter["id"] for letter in again} or len(again) < len(letters):
            again = await dead_letters(session, server, len(letters))
    newest = max(again, key=lambda letter: int(letter["id"]))
    assert (newest["topic"], newest["message"]) == (letters[0]["topic"], letters[0]["message"])

    listed = await command(server, "dead-letters", "list", "--json")
    assert listed.count("\n") == len(letters)
    await command(server, "dead-letters", "redrive", "--all")
    with anyio.fail_after(30):
        while {letter["id"] for letter in await dead_letters(session, server, 0)} & {each["id"] for each in again}:
            await anyio.sleep(0.05)
    (one, *others) = [str(each["id"]) for each in await dead_letters(session, server, len(letters))]
    await command(server, "dead-letters", "discard", one, *others)
    assert await dead_letters(session, server, 0) == []
    assert (await outcome(session, server, "good"))["status"] == "completed"
    assert await server.command.stop() == 0
    assert "Traceback" not in server.command.log


async def test_a_message_that_its_receiver_does_not_take_is_put_aside_and_the_right_ones_go_through(
    tmp_path: Path, server: Server, session: aiohttp.ClientSession
) -> None:
    """One for a worker that only the waystation hears, and one that is right and about nothing that there is."""
    traversal = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
    wrong = seal(
        ServiceAddress("processor", "good"),
        TimerFired(traversal, TimerId("t")),
        "wrong",
        sender=ServiceAddress("system", "scheduler"),
        sent_at=HostClock().now(),
    )
    late = seal(
        ServiceAddress("system", "waystation"),
        NodeTraversalStarted(traversal, NodeId("0123456789abcdef"), 1),
        "late",
        sender=ServiceAddress("processor", "good"),
        sent_at=HostClock().now(),
    )
    async with sqlite_ports(tmp_path / "data") as ports:
        await ports.event_log.publish([wrong, late])
    await server.command.start()
    await server.up(session)
    (letter,) = await dead_letters(session, server, 1)
    assert (letter["topic"], letter["message"]) == ("processor.good", "io.waygrid.TimerFired.v1")
    assert letter["traversal"] == traversal
    assert letter["reason"] == "TimerFired is not for waygrid://processor/good"
    assert (await outcome(session, server, "good"))["status"] == "completed"


async def dead_letters(session: aiohttp.ClientSession, server: Server, count: int) -> list[dict[str, Any]]:
    """All dead letters, once there are so many."""
    with anyio.fail_after(30):
        while True:
            status, page = await ask(session, "GET", f"{server.url}/v1/dead-letters?limit=1000")
            assert status == 200, page
            items: list[dict[str, Any]] = page["items"]
            if len(items) >= count:
                return items
            await anyio.sleep(0.05)


async def command(server: Server, *arguments: str) -> str:
    """What a command of the client prints."""
    with anyio.fail_after(60):
        done = await anyio.run_process(
            [sys.executable, "-m", "waygrid_shell.cli", *arguments, "--server", server.url],
            env=dict(os.environ),
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
