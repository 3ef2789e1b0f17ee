"""Load for servers that are killed again and again: whatever gets no answer is asked again, under the same key."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp
import anyio
from attrs import define, field

ENDED: Final = frozenset({"completed", "failed", "canceled", "timed-out"})

APP = """
import asyncio
from waygrid_shell.processors.function import App, Attempt, Failed

app = App()

@app.processor("stock")
def stock(order):
    if order["id"] % 17 == 3:
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

@app.processor("round")
async def round_(given):
    return {"rounds": given.get("rounds", 0) + 1}
"""

ELSEWHERE = """
import asyncio
from waygrid_shell.processors.function import App, Attempt

app = App()

@app.processor("elsewhere", concurrency=16)
async def elsewhere(given, attempt: Attempt):
    await asyncio.sleep(0.02)
    return {"key": attempt.attempt_key}
"""


def specs(receiver: str) -> Mapping[str, dict[str, Any]]:
    """Everything that a traversal can do: it forks, joins, retries, waits, awaits, calls, loops, and delivers."""

    def work(service: str, **fields: Any) -> dict[str, Any]:
        return {"type": "standard", "address": f"waygrid://processor/{service}", **fields}

    def deliver(name: str) -> dict[str, Any]:
        return {
            "type": "standard",
            "id": name,
            "address": "waygrid://destination/webhook",
            "parameters": {"url": f"{receiver}/hook"},
            "retryPolicy": {"type": "Linear", "base": "20ms", "maxRetries": 50},
        }

    # Nobody waits so long: who loses an answer is not helped by its timer, and is found.
    payment = work("payment", timeout="1h", retryPolicy={"type": "Linear", "base": "5ms", "maxRetries": 5})
    wait = {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "30ms"}, "onSuccess": deliver("ok")}
    lines = {"type": "each", "over": {"$from": "/payload/lines"}, "body": work("line"), "onSuccess": wait}
    join = {
        "type": "join",
        "joinNodeId": "ready",
        "strategy": {"type": "And"},
        "onSuccess": lines,
        "onFailure": deliver("refused"),
    }
    branches = {"stock": work("stock"), "payment": payment}
    approved = {"type": "await", "event": "approved", "timeout": "1h", "onSuccess": deliver("approved")}
    first = {
        "type": "fork",
        "joinNodeId": "first",
        "branches": {"here": work("line", input={"item": 1}), "elsewhere": work("elsewhere")},
        "join": {"type": "join", "joinNodeId": "first", "strategy": {"type": "Or"}},
    }
    rounds = {
        "type": "loop",
        "body": work("round"),
        "until": {"type": "JsonEquals", "pointer": "/rounds", "value": 3},
        "atMost": 5,
        "onSuccess": deliver("polled"),
    }
    held = {
        "type": "pass",
        "deliveryStrategy": {"type": "ScheduleAfter", "delay": "200ms"},
        "onSuccess": work("elsewhere", onSuccess=deliver("held")),
    }
    never = {"type": "await", "event": "never", "timeout": "1h"}
    return {
        "order": {"entryPoints": [{"type": "fork", "joinNodeId": "ready", "branches": branches, "join": join}]},
        "approval": {"entryPoints": [approved]},
        "call": {"entryPoints": [{"type": "call", "body": first, "onSuccess": deliver("called")}]},
        "poll": {"entryPoints": [rounds]},
        "held": {"entryPoints": [held]},
        "canceled": {"entryPoints": [never], "onEnd": deliver("cleaned")},
    }


@define
class Load:
    """Lanes that hand a traversal in, do with it what its kind asks for, and wait for its end; then the next.

    Each request goes to any of the servers; no two loads of one `name` may be given to the same plant.
    """

    session: aiohttp.ClientSession
    servers: Sequence[str]
    receiver: str
    chance: random.Random
    name: str = "load"
    accepted: dict[str, str] = field(factory=dict)
    """Traversals by the key that they were asked for with."""
    kinds: Counter[str] = field(factory=Counter)
    statuses: dict[str, str] = field(factory=dict)
    repeats: int = 0
    """Requests that got no answer and were sent again."""
    is_over: bool = False
    has_ended: anyio.Event = field(factory=anyio.Event)
    waits: dict[str, str] = field(factory=dict)
    """What each key waits for."""

    async def run(self, lanes: int) -> None:
        """Until `is_over`, and all that was handed in has ended."""
        async with anyio.create_task_group() as tasks:
            for lane in range(lanes):
                tasks.start_soon(self._lane, lane, random.Random(self.chance.random()))
        self.has_ended.set()

    async def has_handed_in(self, count: int) -> None:
        """Return once so many have been accepted, or no more are to be."""
        while len(self.accepted) < count and not self.is_over:
            await anyio.sleep(0.02)

    async def _lane(self, lane: int, chance: random.Random) -> None:
        made = specs(self.receiver)
        number = 0
        while not self.is_over:
            number += 1
            kind = chance.choice(sorted(made))
            payload = {"id": lane * 100_000 + number, "lines": list(range(number % 4))}
            await self._one(f"{self.name}-{lane}-{number}", kind, made[kind], payload, chance)

    async def _one(self, key: str, kind: str, spec: Any, payload: Any, chance: random.Random) -> None:
        submission = {"spec": spec, "payload": payload, "name": kind, "labels": {"key": key}}
        self.waits[key] = f"{kind} is handed in"
        traversal = await self._submit(key, submission)
        self.kinds[kind] += 1
        self.waits[key] = f"{kind} {traversal}"
        path = f"/v1/traversals/{traversal}"
        if chance.random() < 0.1:
            assert await self._submit(key, submission) == traversal, "one key, one traversal"
        match kind:
            case "approval":
                await self._insist("POST", f"{path}/events/approved", {"by": "Ada"}, key=f"event-{key}")
            case "held":
                await self._insist("POST", f"{path}/pause")
                await self._insist("POST", f"{path}/resume")
            case "canceled":
                await self._insist("POST", f"{path}/cancel", {"reason": "changed my mind"})
            case _:
                pass
        while (view := await self._insist("GET", path))["status"] not in ENDED:
            await anyio.sleep(0.1)
        self.statuses[traversal] = view["status"]
        del self.waits[key]

    async def _submit(self, key: str, submission: Any) -> str:
        accepted = await self._insist("POST", "/v1/traversals", submission, key=key)
        traversal = str(accepted["id"])
        assert self.accepted.setdefault(key, traversal) == traversal, "one key, one traversal"
        return traversal

    async def _insist(self, method: str, path: str, document: Any = None, key: str | None = None) -> Any:
        """Ask until there is an answer. What has ended already needs no steering: 409 is one."""
        headers = {} if key is None else {"Idempotency-Key": key}
        while True:
            url = self.chance.choice(self.servers) + path
            try:
                async with self.session.request(method, url, json=document, headers=headers) as response:
                    if response.status < 400 or response.status == 409:
                        return await response.json(content_type=None)
                    said = await response.text()
                    assert response.status in (429, 503, 507), f"{method} {path}: {response.status} {said}"
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            self.repeats += 1
            await anyio.sleep(0.05)
