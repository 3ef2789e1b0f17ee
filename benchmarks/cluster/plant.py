"""The cluster that is measured: processes of `waygrid serve`, with a database, topics and keys of their own."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

from benchmarks.cluster.servers import BenchmarkServers
from waygrid_shell.adapters.postgres.migrate import migrate
from waygrid_shell.settings.settings import KafkaSettings, PostgresSettings, RedisSettings, Settings

_START_SECONDS: Final = 60
_END_SECONDS: Final = 30
_SAID: Final = "Waygrid serves"
_APP: Final = "benchmarks.cluster.app:app"


@frozen
class Plant:
    """Processes that run. The settings are those of whoever drives them."""

    settings: Settings
    processes: Sequence["subprocess.Popen[bytes]"]

    @property
    def pids(self) -> list[int]:
        """Of its processes."""
        return [process.pid for process in self.processes]

    def kill(self, number: int) -> None:
        """End one of them as a power cut would."""
        self.processes[number].kill()
        self.processes[number].wait(_END_SECONDS)


@contextmanager
def own_settings(servers: BenchmarkServers, partitions: int = 8) -> Iterator[Settings]:
    """Settings with a database, topics and keys that nothing else has."""
    name = f"b{secrets.token_hex(4)}"
    with servers.postgres.database() as url:
        settings = Settings(
            kafka=KafkaSettings(servers=(servers.kafka.bootstrap,), topic_prefix=name, partitions=partitions),
            postgres=PostgresSettings(url=url),
            redis=RedisSettings(url=servers.redis.url, key_prefix=name),
        )
        asyncio.run(migrate(settings.postgres))
        yield settings


@contextmanager
def plant_of(settings: Settings, services: Sequence[str], app: str = _APP) -> Iterator[Plant]:
    """A process for each of `services`, such as `all`; each has the app of the benchmarks. Stopped at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        processes = []
        for number, chosen in enumerate(services):
            log = folder / f"{number}.log"
            with log.open("wb") as written:
                command = [sys.executable, "-m", "waygrid_shell.cli", "serve", chosen]
                command += ["--app", app, "--port", "0"]
                process = subprocess.Popen(command, stdout=written, stderr=written, env=_environment(settings))
            stack.callback(_end, process)
            processes.append((process, log))
        for process, log in processes:
            _wait_until_it_serves(process, log)
        yield Plant(settings, [process for process, _ in processes])


def _environment(settings: Settings) -> dict[str, str]:
    kafka = settings.kafka
    assert settings.postgres.url is not None, "`own_settings` has set it"
    assert settings.redis.url is not None, "and this one"
    return {
        **os.environ,
        "WAYGRID_KAFKA_SERVERS": ",".join(kafka.servers),
        "WAYGRID_KAFKA_TOPIC_PREFIX": kafka.topic_prefix,
        "WAYGRID_KAFKA_PARTITIONS": str(kafka.partitions),
        "WAYGRID_KAFKA_SESSION_TIMEOUT": f"{kafka.session_timeout.total_seconds():g}s",
        "WAYGRID_POSTGRES_URL": settings.postgres.url,
        "WAYGRID_REDIS_URL": settings.redis.url,
        "WAYGRID_REDIS_KEY_PREFIX": settings.redis.key_prefix,
    }


def _wait_until_it_serves(process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends_at = time.monotonic() + _START_SECONDS
    while _SAID not in (text := log.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > ends_at:
            raise RuntimeError(f"a process of the cluster did not start:\n{text[-4_000:]}")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_END_SECONDS)
