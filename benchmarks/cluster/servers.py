"""The servers of a cluster, as somebody would run them who uses them in earnest: nothing durable is switched off.

They are started for one run of the benchmarks and hold nothing else. What a production user has besides is replicas:
here there is one of each, so acks from all are acks from one.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

from attrs import frozen

from tests.servers.kafka import Kafka, own_kafka
from tests.servers.postgres import Postgres, own_postgres
from tests.servers.processes import Server
from tests.servers.redis import Redis, own_redis

_JAVA: Final = (
    "-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
)  # fmt: skip
"""The flags that Kafka starts its brokers with; both compilers."""

_KAFKA: Final[Mapping[str, int]] = {"num.network.threads": 3, "num.io.threads": 8, "background.threads": 10}
"""Kafka's defaults, in place of the few threads of the tests."""

POSTGRES: Final[Mapping[str, str]] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "wal_buffers": "16MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "max_connections": "200",
}


@frozen
class BenchmarkServers:
    """One of each."""

    kafka: Kafka
    postgres: Postgres
    redis: Redis

    @property
    def pids(self) -> dict[str, list[int]]:
        """The process of each, by its name; none for one that somebody else has started."""
        processes = {
            "Kafka": self.kafka.process,
            "PostgreSQL": self.postgres.process,
            "Redis": self.redis.process,
        }
        return {name: _pids(server) for name, server in processes.items()}


@contextmanager
def benchmark_servers() -> Iterator[BenchmarkServers]:
    """Started, and stopped at the end. Raises `tests.servers.programs.Missing` for what is not installed."""
    with ExitStack() as stack:
        yield BenchmarkServers(
            stack.enter_context(own_kafka(flags=_JAVA, settings=_KAFKA)),
            stack.enter_context(own_postgres(POSTGRES)),
            stack.enter_context(own_redis()),
        )


def _pids(server: Server | None) -> list[int]:
    return [] if server is None or server.process is None else [server.process.pid]
