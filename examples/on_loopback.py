"""What the programs of the examples share: a real Waygrid in processes of its own, and services around it.

Everything listens on 127.0.0.1, on ports that were free. What a program keeps, it keeps in a folder of its own that is
removed at its end. With `--cluster` an example runs over Kafka, PostgreSQL and Redis instead: see `on_cluster`.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
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


class Process:
    """A process of the platform, with its API on a port of its own. It can be killed, and started again."""

    def __init__(self, here: Path, log: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._here = here
        # The services of the examples listen on loopback, where Waygrid does not connect to unless it is told so.
        self._arguments = [*arguments, "--port", str(self.port), "--allow-network", "loopback"]
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *waygrid_command(),
                *self._arguments,
                cwd=self._here,
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(60), WaygridClient(self.url, first_contact=timedelta(0)) as client:
            while not await self._is_ready(client):
                if self._process.returncode is not None:
                    raise SystemExit(f"{self._name} ended with {self._process.returncode}:\n{self.log.read_text()}")
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
        """Ask it to finish what it has begun and to end, unless it has ended; it exits 0 then."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            code = await self._process.wait()
            if code != 0:
                raise SystemExit(f"{self._name} ended with {code}:\n{self.log.read_text()[-4000:]}")

    @property
    def _name(self) -> str:
        return f"waygrid {self._arguments[0]}"


class Platform:
    """A Waygrid that runs: one `waygrid dev`, or processes of `waygrid serve all` side by side."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.processes = processes

    @property
    def url(self) -> str:
        """Where the API is; others may have it too."""
        return self.processes[0].url

    async def start(self) -> None:
        """Start all of it, and wait until it is ready."""
        await asyncio.gather(*(process.start() for process in self.processes))

    async def stop(self) -> None:
        """Ask all of it to end."""
        await asyncio.gather(*(process.stop() for process in self.processes))


@asynccontextmanager
async def platform(
    here: Path,
    data: Path,
    *,
    app: str | None = None,
    settings: Path | None = None,
    environment: Mapping[str, str] | None = None,
    processes: int = 1,
) -> AsyncIterator[Platform]:
    """A platform with the app of the folder `here` and the settings of that file, ready; stopped at the end.

    It is a `waygrid dev` over `data`; with `--cluster` on the command line of the example it is as many processes of
    `waygrid serve all` over the servers that the environment names.
    """
    serving = ["--app", app] if app is not None else []
    if settings is not None:
        serving += ["--config", str(settings)]
    async with AsyncExitStack() as stack:
        given = dict(environment or {})
        if is_on_cluster():
            from on_cluster import part_of_a_cluster

            given |= await stack.enter_async_context(part_of_a_cluster())
            await run_to_its_end("migrate", environment=given)
            arguments = [["serve", "all", *serving] for _ in range(processes)]
        else:
            arguments = [["dev", "--data-dir", str(data / "data"), *serving]]
        logs = [data / f"waygrid-{number}.log" for number in range(1, len(arguments) + 1)]
        running = Platform([Process(here, log, each, given) for each, log in zip(arguments, logs, strict=True)])
        try:
            await running.start()
            yield running
        finally:
            await running.stop()


def is_on_cluster() -> bool:
    """Whether the example was started with `--cluster`."""
    return "--cluster" in sys.argv[1:]


def waygrid_command() -> list[str]:
    """The command `waygrid` of this Python."""
    waygrid = Path(sys.executable).with_name("waygrid")
    return [str(waygrid)] if waygrid.exists() else [sys.executable, "-m", "waygrid_shell.cli"]


async def run_to_its_end(*arguments: str, environment: Mapping[str, str]) -> None:
    """A command of `waygrid` that does its work and ends."""
    process = await asyncio.create_subprocess_exec(
        *waygrid_command(),
        *arguments,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"waygrid {' '.join(arguments)} ended with {process.returncode}:\n{said.decode()}")


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
