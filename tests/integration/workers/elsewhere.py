"""Workers for a server elsewhere, in this process: as `waygrid worker` runs them, or frame by frame."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from attrs import frozen
from websockets.asyncio.client import ClientConnection, connect

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.remote_wiring import RemotePorts, remote_ports, work_url


@asynccontextmanager
async def working(
    url: str, app: App, *, key: str | None = None, vault: SecretVault | None = None
) -> AsyncIterator[RemotePorts]:
    """Workers that serve the app for the server there."""
    serves = {address: served.concurrency for address, served in app.served.items()}
    ports = remote_ports(url, serves=serves, key=key, name="a test")
    async with anyio.create_task_group() as tasks:
        for address, served in app.served.items():
            worker = Worker(
                address,
                served,
                event_log=ports.event_log,
                seen_ledger=ports.seen_ledger,
                secret_vault=vault or ports.secret_vault,
                clock=ports.clock,
                live_feed=ports.live_feed,
            )
            tasks.start_soon(worker.run)
        tasks.start_soon(ports.link.run)
        yield ports
        tasks.cancel_scope.cancel()


@frozen
class Speaker:
    """One who speaks the protocol by hand."""

    socket: ClientConnection

    async def say(self, **frame: Any) -> None:
        """Send a frame."""
        await self.socket.send(write_json(frame).decode())

    async def hear(self) -> dict[str, Any]:
        """The next frame; it must come."""
        with anyio.fail_after(20):
            return cast(dict[str, Any], read_json(str(await self.socket.recv()).encode()))

    async def requests(self, count: int) -> list[dict[str, Any]]:
        """So many requests, in however many frames; nothing else may come between."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            frame = await self.hear()
            assert frame["type"] == "requests", frame
            found += frame["requests"]
        return found

    async def answer(self, number: int, *requests: Mapping[str, Any], output: Any = None) -> None:
        """Say that these succeeded, and hear that it is kept."""
        answers = [
            {"delivery": each["delivery"], "message": succeeded(each, {} if output is None else output)}
            for each in requests
        ]
        await self.say(type="answers", number=number, answers=answers)


def succeeded(request: Mapping[str, Any], output: Any) -> dict[str, Any]:
    """The message that says so."""
    asked = request["message"]
    names = {name: asked[name] for name in ("traversal", "node", "attempt")}
    return {"type": "NodeTraversalSucceeded.v1", **names, "output": output}


@asynccontextmanager
async def speaking(
    url: str, *services: str, window: int = 10, holding: tuple[str, ...] = (), headers: Mapping[str, str] | None = None
) -> AsyncIterator[Speaker]:
    """A connection that has said hello and was welcomed."""
    async with connecting(url, headers) as speaker:
        serves = {f"waygrid://processor/{service}": window for service in services}
        await speaker.say(type="hello", protocol=1, serves=serves, holding=list(holding))
        welcome = await speaker.hear()
        assert welcome["type"] == "welcome", welcome
        yield speaker


@asynccontextmanager
async def connecting(url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Speaker]:
    """A connection on which nothing has been said."""
    async with connect(work_url(url), additional_headers=headers, proxy=None, max_size=None) as socket:
        yield Speaker(socket)
