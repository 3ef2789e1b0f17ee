"""A run that is killed anywhere and started again ends everything that it accepted, once."""

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process

from tests.integration.plant.receiver import Receiver
from waygrid_shell.runtime.wiring import sqlite_ports
from waygrid_shell.simulation.judging import check_journal

pytestmark = pytest.mark.anyio

APP = """
import asyncio
from waygrid_shell.processors.function import App, Attempt, Failed

app = App()

@app.processor("stock")
def stock(order):
    if order["id"] % 50 == 49:
        raise Failed("out-of-stock", "none left")
    return {"id": order["id"], "reserved": True}

@app.processor("payment")
async def payment(order, attempt: Attempt):
    await asyncio.sleep(0.002)
    if order["id"] % 5 == 0 and attempt.attempt < 3:
        raise Failed("busy", "come back")
    return {"paid": order["id"]}

@app.processor("line")
def line(given):
    return given["item"] * 2
"""


def spec(url: str) -> dict[str, Any]:
    """A fork, retries, an each, a delay, a failure path, and a delivery at the end."""
    deliver = {
        "type": "standard",
        "id": "deliver",
        "address": "waygrid://destination/webhook",
        "parameters": {"url": url},
        "input": {"id": {"$from": "/payload/id"}, "lines": {"$from": "/nodes/lines/output"}},
        "retryPolicy": {"type": "Linear", "base": "10ms", "maxRetries": 5},
    }
    refuse = {
        "type": "standard",
        "id": "refuse",
        "address": "waygrid://destination/webhook",
        "parameters": {"url": url},
        "input": {"id": {"$from": "/payload/id"}, "refused": True},
        "retryPolicy": {"type": "Linear", "base": "10ms", "maxRetries": 5},
    }
    branches = {
        "stock": {"type": "standard", "address": "waygrid://processor/stock"},
        "payment": {
            "type": "standard",
            "address": "waygrid://processor/payment",
            "timeout": "30s",
            "retryPolicy": {"type": "Linear", "base": "5ms", "maxRetries": 4},
        },
    }
    wait = {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "20ms"}, "onSuccess": deliver}
    lines = {
        "type": "each",
        "id": "lines",
        "over": {"$from": "/payload/lines"},
        "body": {"type": "standard", "address": "waygrid://processor/line"},
        "onSuccess": wait,
    }
    join = {
        "type": "join",
        "joinNodeId": "ready",
        "strategy": {"type": "And"},
        "onSuccess": lines,
        "onFailure": refuse,
    }
    return {"entryPoints": [{"type": "fork", "joinNodeId": "ready", "branches": branches, "join": join}]}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_kill_anywhere_and_run_again(tmp_path: Path, receiver: Receiver, seed: int) -> None:
    chance = random.Random(seed)
    orders = 120
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "spec.json").write_text(json.dumps(spec(receiver.url)))
    (tmp_path / "orders.jsonl").write_text(
        "\n".join(json.dumps({"id": number, "lines": list(range(number % 4))}) for number in range(orders))
    )
    kill_at = sorted(chance.sample(range(1, orders), 5))
    running: list[Process] = []

    def kill_when_it_is_time(number: int) -> None:
        if kill_at and number >= kill_at[0]:
            kill_at.pop(0)
            os.kill(running[-1].pid, signal.SIGKILL)

    receiver.on_request = kill_when_it_is_time
    receiver.status_of = lambda number, body: 503 if number % 11 == 0 else 204
    outcomes: list[dict[str, Any]] = []
    killed = 0
    with anyio.fail_after(120):
        while not outcomes:
            code, output = await _run(tmp_path, running)
            if code == -signal.SIGKILL:
                killed += 1
                continue
            assert code == 0, output
            outcomes = [json.loads(line) for line in output.splitlines()]
    assert killed >= 3  # two of the five may have come while one process was dying
    assert len(outcomes) == orders
    assert {outcome["status"] for outcome in outcomes} == {"completed"}
    assert len({outcome["traversal"] for outcome in outcomes}) == orders
    assert sorted(body["id"] for body in receiver.applied.values()) == list(range(orders))
    assert all(
        body.get("refused", False) == (body["id"] % 50 == 49)
        and (body.get("refused") or body["lines"] == [2 * line for line in range(body["id"] % 4)])
        for body in receiver.applied.values()
    )
    async with sqlite_ports(tmp_path / "data") as ports:
        assert await ports.journal.unfinished() == []
        assert await ports.event_log.backlog() == {}
        assert await ports.timer_book.count() == 0
        for outcome in outcomes:
            await check_journal(ports, outcome["traversal"])

    code, output = await _run(tmp_path, running)
    assert code == 0
    assert [json.loads(line)["history"] for line in output.splitlines()] == ["ended-before"] * orders


async def _run(folder: Path, running: list[Process]) -> tuple[int, str]:
    command = [
        *(sys.executable, "-m", "waygrid_shell.cli", "run", "spec.json", "--payload", "orders.jsonl"),
        *("--allow-network", "loopback"),
        *("--app", "shop:app", "--data-dir", "data", "--json", "--quiet", "--concurrency", "40"),
    ]
    async with await anyio.open_process(command, cwd=folder, stderr=None) as process:
        running.append(process)
        assert process.stdout is not None
        output = b"".join([chunk async for chunk in process.stdout])
        return await process.wait(), output.decode()
