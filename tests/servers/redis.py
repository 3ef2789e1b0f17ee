"""Redis: a server for a test session; three of them for a cluster."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import redis

from tests.free_port import free_port
from tests.servers.processes import Server, folder
from tests.servers.programs import program


@contextmanager
def redis_server() -> Iterator["Redis"]:
    """A server that runs as long as the context lasts: the one that the environment names, or one of its own."""
    given = os.environ.get("WAYGRID_TEST_REDIS")
    if given:
        yield Redis(given, None)
        return
    with own_redis() as started:
        yield started


@contextmanager
def own_redis(*options: str) -> Iterator["Redis"]:
    """A server of its own, whatever the environment names, with these options of its command."""
    with _started(*options) as (url, process):
        yield Redis(url, process)


@contextmanager
def redis_cluster() -> Iterator[str]:
    """The URL of one of three servers that form a cluster: of the one that the environment names, or of its own."""
    given = os.environ.get("WAYGRID_TEST_REDIS_CLUSTER")
    if given:
        yield given
        return
    with ExitStack() as stack:
        options = ("--cluster-enabled", "yes", "--cluster-port")
        urls = [stack.enter_context(_started(*options, str(free_port())))[0] for _ in range(3)]
        hosts = [url.removeprefix("redis://").removesuffix("/0") for url in urls]
        command = ["redis-cli", "--cluster", "create", *hosts, "--cluster-replicas", "0", "--cluster-yes"]
        subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
        yield urls[0].removesuffix("/0")


class Redis:
    """A server that runs. `process` is None for one that was given."""

    def __init__(self, url: str, process: Server | None) -> None:
        self.url = url
        self.process = process

    @property
    def version(self) -> str:
        """Which Redis it is."""
        with redis.Redis.from_url(self.url) as client:
            return str(client.info("server")["redis_version"])


@contextmanager
def _started(*options: str) -> Iterator[tuple[str, Server]]:
    with folder("redis") as place:
        port = free_port()
        url = f"redis://127.0.0.1:{port}/0"
        command = [str(program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(place)]
        command += ["--save", "", "--appendonly", "no", *options]
        process = Server(command, place / "log", lambda: _answers(url))
        process.start()
        try:
            yield url, process
        finally:
            process.stop()


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
