"""Attempts as a worker makes them, and servers for them to speak to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from aiohttp import web

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.handler import Handler
from waygrid_shell.settings.settings import OutboundSettings
from waygrid_shell.settings.values import NETWORKS

ON_LOOPBACK = OutboundSettings(allowed_networks=NETWORKS["loopback"])
TRAVERSAL = TraversalId("01JDB8Z3M0000000000000TEST")


def attempt(input_: Any = None, tell: Callable[[Any], None] | None = None, **parameters: Any) -> Attempt:
    """An attempt at a node with these parameters."""
    return Attempt(
        address=ServiceAddress("processor", "any"),
        traversal=TRAVERSAL,
        node=NodeId("0123456789abcdef"),
        attempt=1,
        input={} if input_ is None else input_,
        parameters=parameters,
        idempotency_key="0" * 32,
        attempt_key="1" * 32,
        tell=tell or (lambda progress: None),
    )


async def failure_of(handler: Handler, made: Attempt) -> Failed:
    """How the handler says that the attempt failed."""
    try:
        with anyio.fail_after(60):
            output = await handler(made)
    except Failed as failed:
        return failed
    raise AssertionError(f"it did not fail, it gave {output!r}")


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server that hands every request to `handle`; its url."""
    app = web.Application(client_max_size=10 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(speak: Callable[[anyio.abc.SocketStream], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that speaks with each connection as `speak` does, HTTP or not; its url."""

    async def meet(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                await speak(stream)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, meet)
        yield f"http://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()
