"""Serves the API of a plant on a free port of loopback, and asks it."""

import io
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import uvicorn
from attrs import frozen

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_shell.api.application import application
from waygrid_shell.api.platform import Platform
from waygrid_shell.processors.function import App
from waygrid_shell.runtime import platform
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.vitals import Vitals
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics

LONG: float = 60.0
"""How long a test waits for what must come."""


@frozen
class Reply:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def document(self) -> Any:
        """Its JSON."""
        return read_json(self.content)


@frozen(kw_only=True)
class Api:
    """An API that serves."""

    platform: Platform
    url: str
    session: aiohttp.ClientSession

    async def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request; a document goes as JSON."""
        sent = dict(headers or {})
        if document is not None:
            content = write_json(document)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.url + path, data=None if content is None else io.BytesIO(content), headers=sent
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def submit(self, spec: Any, **fields: Any) -> str:
        """The id of a traversal that was accepted."""
        reply = await self.ask("POST", "/v1/traversals", {"spec": spec, **fields})
        assert reply.status == 202, reply.content
        traversal: str = reply.document["id"]
        return traversal

    async def outcome(self, spec: Any, **fields: Any) -> Any:
        """The end of a traversal that ends by itself."""
        reply = await self.ask("POST", "/v1/traversals?wait=60s", {"spec": spec, **fields})
        assert reply.status == 200, reply.content
        return reply.document

    async def ended(self, traversal: str) -> Any:
        """The traversal, once it has ended."""
        with anyio.fail_after(LONG):
            while True:
                shown = (await self.ask("GET", f"/v1/traversals/{traversal}")).document
                if shown["status"] in ("completed", "failed", "canceled", "timed-out"):
                    return shown
                await anyio.sleep(0.01)


def platform_over(ports: Ports, settings: ServerSettings | None = None, metrics: Metrics | None = None) -> Platform:
    """The product's own, of a plant that has begun."""
    vitals = Vitals()
    vitals.begin()
    return platform.platform_over(ports, settings or ServerSettings(), metrics or Metrics(), vitals)


@asynccontextmanager
async def serving(ports: Ports, app: App | None = None, settings: ServerSettings | None = None) -> AsyncIterator[Api]:
    """A plant that runs, and its API."""
    served = platform_over(ports, settings)
    async with embedded_plant(ports, (app or App()).served), anyio.create_task_group() as tasks:
        tasks.start_soon(served.acceptance.run)
        async with listening(served) as api:
            yield api
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def listening(served: Platform) -> AsyncIterator[Api]:
    """The API alone, whatever serves its ports."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(application(served), log_config=None, lifespan="on", timeout_graceful_shutdown=1)
        server = _Server(config)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            with anyio.fail_after(LONG):
                while not server.started:
                    await anyio.sleep(0.005)
            async with aiohttp.ClientSession() as session:
                yield Api(platform=served, url=url, session=session)
            server.should_exit = True


class _Server(uvicorn.Server):
    """Leaves the signals of the process to the tests."""

    def install_signal_handlers(self) -> None:
        pass
