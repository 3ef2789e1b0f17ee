"""The real commands in processes of their own, to be killed; and a receiver that lives through it all."""

import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import anyio
from anyio.abc import Process
from attrs import define, field

from tests.free_port import free_port

LONG: float = 60.0
"""How long a process may take to come up or to end."""

RECEIVER = """
import asyncio, json, random, sys
from collections import Counter
from aiohttp import web

seen = Counter()
chance = random.Random(int(sys.argv[1]))

async def hook(request):
    await request.read()
    seen[request.headers["Idempotency-Key"]] += 1
    answer = chance.random()
    if answer < 0.05:
        return web.Response(status=503)
    if answer < 0.08:
        await asyncio.sleep(0.2)
    return web.Response(status=204)

async def tell(request):
    return web.json_response(seen)

async def main():
    app = web.Application()
    app.add_routes([web.post("/hook", hook), web.get("/seen", tell)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@define
class Command:
    """A `waygrid` command that is started, killed and started again. What it says goes to `<name>.log`."""

    folder: Path
    name: str
    arguments: Sequence[str]
    environment: dict[str, str] = field(factory=dict)
    process: Process | None = None
    starts: int = 0
    said_before: int = 0
    """Characters of the log, when it was started last."""

    @property
    def log(self) -> str:
        """All that it has said."""
        path = self.folder / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def said(self) -> str:
        """What it has said since it was started last."""
        return self.log[self.said_before :]

    async def start(self) -> None:
        """Start it; that it is up is another matter."""
        assert self.process is None
        self.starts += 1
        self.said_before = len(self.log)
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = await anyio.open_process(
                [sys.executable, "-m", "waygrid_shell.cli", *self.arguments],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=None,
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """`kill -9`, whatever it is doing."""
        assert await self._end(signal.SIGKILL) == -signal.SIGKILL, self.log

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        return await self._end(signal.SIGTERM)

    async def wait(self) -> int:
        """The exit code of one that ends by itself."""
        assert self.process is not None
        with anyio.fail_after(LONG):
            code = await self.process.wait()
        self.process = None
        return code

    def pause(self) -> None:
        """SIGSTOP: it stands still and does not know it, until `resume`."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> Process:
        process = self.process
        assert process is not None
        assert process.returncode is None, f"{self.name} has ended by itself ({process.returncode}):\n{self.log}"
        return process

    async def _end(self, number: signal.Signals) -> int:
        self._running().send_signal(number)
        return await self.wait()


@asynccontextmanager
async def ending(*commands: Command) -> AsyncIterator[None]:
    """Leaves none of them behind."""
    try:
        yield
    finally:
        for command in commands:
            if command.process is not None and command.process.returncode is None:
                command.process.kill()
                with anyio.CancelScope(shield=True):
                    await command.process.wait()


@define
class Server:
    """A command that serves the API: `waygrid dev`, or `waygrid serve api`."""

    command: Command
    url: str

    async def up(self, session: aiohttp.ClientSession, within_seconds: float = LONG) -> None:
        """Wait until it is ready."""
        with anyio.fail_after(within_seconds):
            while not await self._is_ready(session):
                process = self.command.process
                assert process is None or process.returncode is None, self.command.log
                await anyio.sleep(0.02)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/health/ready") as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError):
            return False


def dev_server(folder: Path, *arguments: str, **environment: str) -> Server:
    """A server with its data in `folder`, on a port that stays its own."""
    port = free_port()
    command = Command(
        folder,
        "dev",
        ["dev", "--port", str(port), "--data-dir", "data", "--allow-network", "loopback", *arguments],
        environment,
    )
    return Server(command, f"http://127.0.0.1:{port}")


def service(folder: Path, name: str, services: str, **environment: str) -> Command:
    """A `waygrid serve` of those services."""
    return Command(folder, name, ["serve", services], environment)


def worker(folder: Path, name: str, app: str, server: str, *arguments: str, **environment: str) -> Command:
    """A `waygrid worker` for that server."""
    return Command(folder, name, ["worker", app, "--server", server, *arguments], environment)


@asynccontextmanager
async def receiving(folder: Path, seed: int) -> AsyncIterator[str]:
    """The URL of a receiver of webhooks in a process of its own; `<url>/seen` tells how often each key came."""
    script = folder / "receiver.py"
    script.write_text(RECEIVER)
    async with await anyio.open_process([sys.executable, str(script), str(seed)], stderr=None) as process:
        assert process.stdout is not None
        with anyio.fail_after(LONG):
            line = await anext(aiter(process.stdout))
        try:
            yield f"http://127.0.0.1:{int(line)}"
        finally:
            process.kill()


async def ask(session: aiohttp.ClientSession, method: str, url: str, document: Any = None) -> tuple[int, Any]:
    """One request, and its answer; connection errors come through."""
    async with session.request(method, url, json=document) as response:
        content = await response.read()
        is_json = re.search("json", response.content_type) is not None
        return response.status, (await response.json(content_type=None) if is_json and content else None)
