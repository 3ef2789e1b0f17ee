"""What handlers do to the places that they work at: nothing that the next attempt there notices."""

import asyncio
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

from tests.integration.plant.running import run_one, run_spec, work
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio

TENANT: ContextVar[str | None] = ContextVar("tenant", default=None)


def race(slow: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    """Two branches, of which the quick one wins; the slow one is canceled, and then something else is done."""
    join = {"type": "join", "joinNodeId": "j", "strategy": {"type": "Or"}, "onSuccess": then}
    branches = {"slow": slow, "quick": {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "30ms"}}}
    return {"entryPoints": [{"type": "fork", "joinNodeId": "j", "branches": branches, "join": join}]}


async def test_a_handler_that_will_not_be_canceled_leaves_its_place_as_it_was(ports: Ports) -> None:
    app = App()
    canceled: list[str] = []

    @app.processor("one", concurrency=1)
    async def one(given: Any) -> Any:
        if given == "next":
            await anyio.sleep(0.001)
            return "done"
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            canceled.append(given)
        return "too late"

    document = race(work("one", input="first"), work("one", input="next"))
    assert (await run_one(ports, document, app)).output == "done"
    assert canceled == ["first"]


async def test_what_is_canceled_before_its_turn_never_begins_and_holds_nobody_up(ports: Ports) -> None:
    app = App()
    begun: list[Any] = []

    @app.processor("one", concurrency=1)
    async def one(given: Any) -> Any:
        begun.append(given)
        if given["n"] == 0:
            await anyio.sleep_forever()
        return given

    document = {
        "entryPoints": [
            {
                "type": "each",
                "over": {"$literal": [0, 1, 2]},
                "body": work("one", timeout="500ms", input={"n": {"$from": "/payload/item"}}),
                "strategy": {"type": "Quorum", "n": 2},
            }
        ]
    }
    ended = await run_one(ports, document, app)
    assert ended.status in ("Completed", "Failed")  # who waited longest may have run out of time
    assert {"n": 0} in begun
    assert await ports.event_log.backlog() == {}


@pytest.mark.parametrize("library", ["asyncio", "anyio"])
async def test_a_handlers_own_time_limit_ends_what_it_bounds_and_nothing_else(ports: Ports, library: str) -> None:
    app = App()

    @app.processor("limited", concurrency=1)
    async def limited(given: Any) -> Any:
        if given["n"] % 2:
            return "quick"
        if library == "asyncio":
            async with asyncio.timeout(0.005):
                await asyncio.sleep(3600)
        with anyio.fail_after(0.005):
            await anyio.sleep_forever()
        return None

    ended = await run_spec(ports, {"entryPoints": [work("limited")]}, app, payloads=[{"n": n} for n in range(6)])
    assert [each.summary.output or each.summary.error for each in ended] == [
        ErrorDetail("handler-error", "TimeoutError"),
        "quick",
    ] * 3


async def test_what_a_handler_binds_to_its_context_ends_with_its_attempt(ports: Ports) -> None:
    app = App()
    found: list[str | None] = []

    @app.processor("async", concurrency=1)
    async def in_the_loop(given: Any) -> Any:
        found.append(TENANT.get())
        TENANT.set("a")
        await anyio.sleep(0)
        assert TENANT.get() == "a"
        return {}

    @app.processor("sync", concurrency=1)
    def in_a_thread(given: Any) -> Any:
        found.append(TENANT.get())
        TENANT.set("b")
        return {}

    document = {"entryPoints": [work("async", onSuccess=work("sync"))]}
    await run_spec(ports, document, app, payloads=[{"n": n} for n in range(4)])
    assert found == [None] * 8


async def test_what_a_handler_does_to_its_input_changes_nothing_but_its_own(ports: Ports) -> None:
    app = App()

    @app.processor("spoils")
    async def spoils(given: Any) -> Any:
        given["list"].append("spoiled")
        given.clear()
        return {}

    @app.processor("reads")
    async def reads(given: Any) -> Any:
        return given

    node = work("spoils", onSuccess=work("reads", input={"$from": "/payload"}))
    payload = {"list": [1, {"deep": [2]}]}
    assert (await run_one(ports, {"entryPoints": [node]}, app, payload)).output == {"list": [1, {"deep": [2]}]}
