"""While the platform stops, who asks is answered, and nothing new is taken in."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, cast

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from waygrid_shell.runtime.draining import Draining
from waygrid_shell.runtime.vitals import Vitals

pytestmark = pytest.mark.anyio


async def answer(vitals: Vitals, scope: MutableMapping[str, Any]) -> list[MutableMapping[str, Any]]:
    """What an application behind `Draining` sends."""

    async def hello(request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    app = Draining(Starlette(routes=[Route("/", hello, methods=["GET", "POST"])]), vitals)
    await app({"path": "/", "headers": [], "query_string": b"", "root_path": "", **scope}, receive, send)
    return sent


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 503), ("DELETE", 503)])
async def test_only_what_asks_is_answered_while_it_stops(method: str, status: int) -> None:
    vitals = Vitals()
    vitals.stop()
    start, *_ = await answer(vitals, {"type": "http", "method": method})
    assert start["status"] == status
    if status == 503:
        assert (b"retry-after", b"5") in start["headers"]


async def test_before_that_everything_goes_through() -> None:
    start, *_ = await answer(Vitals(), {"type": "http", "method": "POST"})
    assert start["status"] == 200


async def test_a_new_websocket_is_asked_to_come_later() -> None:
    vitals = Vitals()
    vitals.stop()
    (closing,) = await answer(vitals, {"type": "websocket"})
    assert (closing["type"], closing["code"]) == ("websocket.close", 1013)


async def test_what_takes_too_long_while_it_stops_is_told_to_come_again() -> None:
    vitals = Vitals()
    has_begun = asyncio.Event()
    sent: list[MutableMapping[str, Any]] = []

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        has_begun.set()
        await asyncio.Event().wait()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/v1/traversals"}
    task = asyncio.create_task(Draining(waits, vitals)(scope, cast(Any, None), send))  # as the server does it
    await has_begun.wait()
    vitals.stop()
    task.cancel()
    await task
    assert sent[0]["status"] == 503
    assert b"may have been done or not" in sent[1]["body"]
