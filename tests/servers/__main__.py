"""`python -m tests.servers`: install what is missing, start each server once, and say which they are."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.servers.kafka import kafka
from tests.servers.postgres import postgres
from tests.servers.programs import Missing, install_kafka, install_programs, kafka_version
from tests.servers.redis import redis_cluster, redis_server


@contextmanager
def _postgres() -> Iterator[str]:
    with postgres() as server, server.database():
        yield server.version


@contextmanager
def _redis() -> Iterator[str]:
    with redis_server() as server, redis_cluster():
        yield f"{server.version}, alone and three as a cluster"


@contextmanager
def _kafka() -> Iterator[str]:
    install_kafka()
    with kafka():
        yield kafka_version()


def main() -> int:
    """0 if every server has started; else 1."""
    install_programs()
    return max(_try("PostgreSQL", _postgres), _try("Redis", _redis), _try("Apache Kafka", _kafka))


def _try(name: str, started: Callable[[], AbstractContextManager[str]]) -> int:
    try:
        with started() as version:
            print(f"{name}: {version}")
    except Missing as error:
        print(f"{name}: missing; {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
