"""What the programs of the examples share: a real `waygrid dev` in a process of its own, and services around it.

Everything listens on 127.0.0.1, on ports that were free. What a program keeps, it keeps in a folder of its own that is
removed at its end.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from waygrid_shell.client import Unreachable, WaygridClient


@asynccontextmanager
async def folder_of_its_own() -> AsyncIterator[Path]:
    """A folder for data, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="waygrid-example-") as folder:
        yield Path(folder)


@asynccontextmanager
async def serve(application: web.Application, port: int = 0) -> AsyncIterator[str]:
    """The URL of this application, served for as long as the context lasts; at `port`, or else at a free one."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Platform:
    """A `waygrid dev` that runs. It can be killed, and started again over the same data."""

    def __init__(self, here: Path, data: Path, app: str | None, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data / "waygrid.log"
        self._here = here
        self._data = data
        self._app = app
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        waygrid = Path(sys.executable).with_name("waygrid")
        command = [str(waygrid)] if waygrid.exists() else [sys.executable, "-m", "waygrid_shell.cli"]
        arguments = ["dev", "--port", str(self.port), "--data-dir", str(self._data / "data")]
        # The services of the examples listen on loopback, where Waygrid does not connect to unless it is told so.
        arguments += ["--allow-network", "loopback"]
        if self._app is not None:
            arguments += ["--app", self._app]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, *arguments, cwd=self._here, env={**os.environ, **self._environment}, stdout=log, stderr=log
            )
        async with asyncio.timeout(30), WaygridClient(self.url, first_contact=timedelta(0)) as client:
            while not await self._is_ready(client):
                if self._process.returncode is not None:
                    raise SystemExit(f"waygrid dev ended with {self._process.returncode}:\n{self.log.read_text()}")
                await asyncio.sleep(0.05)

    async def _is_ready(self, client: WaygridClient) -> bool:
        try:
            return (await client.health()).ready
        except Unreachable:
            return False

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Ask it to finish what it has begun and to end; it exits 0 then."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            code = await self._process.wait()
            if code != 0:
                raise SystemExit(f"waygrid dev ended with {code}:\n{self.log.read_text()[-4000:]}")


@asynccontextmanager
async def platform(
    here: Path, data: Path, *, app: str | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Platform]:
    """A platform over `data` with the app of the folder `here`, ready; stopped at the end."""
    running = Platform(here, data, app, environment or {})
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Account:
    """Says what came of an example, line by line, and whether all of it is as it should be."""

    def __init__(self) -> None:
        self._is_right = True

    def check(self, what: str, is_right: bool) -> None:
        """One thing that must be so."""
        self._is_right = self._is_right and is_right
        print(f"  {'ok   ' if is_right else 'WRONG'} {what}")

    @property
    def exit_code(self) -> int:
        """0 if everything was right."""
        return 0 if self._is_right else 1
