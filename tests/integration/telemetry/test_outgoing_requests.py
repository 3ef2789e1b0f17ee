"""What an attempt sends is in its trace, wherever it goes."""

from typing import Any

import anyio
import pytest
from aiohttp import web

from tests.integration.services.attempts import ON_LOOPBACK, serving
from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.hosting.http_client import open_client
from waygrid_shell.telemetry.current import CURRENT_ATTEMPT, CurrentAttempt

pytestmark = pytest.mark.anyio

GIVEN = Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")


async def sent(trace: Trace | None, headers: dict[str, str]) -> dict[str, str]:
    """The headers that arrive of a request which an attempt in that trace sends."""
    arrived: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        arrived.append(request.headers)
        return web.Response()

    CURRENT_ATTEMPT.set(
        CurrentAttempt(
            TraversalId("01HF7YAT0060RK4CSM6MV3EE1S"),
            NodeId("0123456789abcdef"),
            1,
            ServiceAddress("destination", "webhook"),
            trace,
        )
    )
    with anyio.fail_after(20):
        async with serving(handle) as url, open_client(ON_LOOPBACK) as client:
            await client.deliver(url, headers=headers, body=b"{}", timeout_seconds=10)
    return {name.lower(): value for name, value in arrived[0].items()}


async def test_a_request_bears_the_trace_of_its_attempt() -> None:
    headers = await sent(GIVEN, {"X-Tenant": "a"})
    assert (headers["traceparent"], headers["tracestate"]) == (GIVEN.traceparent, "vendor=1")
    assert headers["x-tenant"] == "a"


async def test_a_trace_that_the_author_gives_stays() -> None:
    own = GIVEN.traceparent.replace("00f067aa0ba902b7", "1111111111111111")
    headers = await sent(GIVEN, {"Traceparent": own})
    assert headers["traceparent"] == own
    assert "tracestate" not in headers


async def test_outside_of_any_trace_nothing_is_said() -> None:
    assert "traceparent" not in await sent(None, {})
