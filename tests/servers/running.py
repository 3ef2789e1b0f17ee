"""Servers for a command: installed if they are missing, started, named in its environment, stopped after it."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

from tests.servers.kafka import kafka
from tests.servers.postgres import postgres
from tests.servers.programs import Missing, install_kafka, install_programs, kafka_version, program, say
from tests.servers.redis import redis_cluster, redis_server

_MISSING: Final = 3
"""The exit code where servers cannot be had; those of the command are its own."""

_PATIENCE_SECONDS: Final = 60


def run_with_servers(command: Sequence[str]) -> int:
    """Run the command beside servers; its exit code. Sentences about them go to standard error."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        with servers_running() as environment:
            return _run(command, {**os.environ, **environment})
    except Missing as error:
        say(str(error))
        if os.environ.get("WAYGRID_TEST_SERVERS") == "optional":
            say("goes on without; the tests that need servers are skipped")
            return _run(command, os.environ)
        say("with WAYGRID_TEST_SERVERS=optional the tests that need it are skipped, and this goes on")
        return _MISSING


@contextmanager
def servers_running() -> Iterator[Mapping[str, str]]:
    """Every server that tests need; what the environment should say of them. Raises `Missing`."""
    installed = install_programs()
    got_kafka = "WAYGRID_TEST_KAFKA" not in os.environ and install_kafka()
    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        _tell(f"PostgreSQL {database.version}", "WAYGRID_TEST_POSTGRES", "postgres", "postgresql" in installed)
        single = stack.enter_context(redis_server())
        _tell(f"Redis {single.version}", "WAYGRID_TEST_REDIS", "redis-server", "redis-server" in installed)
        cluster = stack.enter_context(redis_cluster())
        _tell("Redis Cluster of three", "WAYGRID_TEST_REDIS_CLUSTER", "redis-server", "redis-server" in installed)
        broker = stack.enter_context(kafka())
        given = "WAYGRID_TEST_KAFKA" in os.environ
        _tell(f"Apache Kafka{'' if given else ' ' + kafka_version()}", "WAYGRID_TEST_KAFKA", "java", got_kafka)
        yield {
            "WAYGRID_TEST_SERVERS": "required",
            "WAYGRID_TEST_POSTGRES": database.url,
            "WAYGRID_TEST_REDIS": single.url,
            "WAYGRID_TEST_REDIS_CLUSTER": cluster,
            "WAYGRID_TEST_KAFKA": broker.bootstrap,
        }


def _tell(what: str, variable: str, name: str, is_new: bool) -> None:
    if variable in os.environ:
        say(f"{what}, given by {variable}")
    else:
        say(f"{what}, started with {program(name)}, which was {'installed now' if is_new else 'there'}")


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as error:
        say(f"{command[0]} cannot be run: {error.strerror}")
        return 127
    try:
        return process.wait()
    except KeyboardInterrupt:  # a terminal tells both of us
        return process.wait(timeout=_PATIENCE_SECONDS)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _leave(number: int, frame: FrameType | None) -> None:
    """Asked to end: so that what was started is stopped."""
    del frame
    raise SystemExit(128 + number)
