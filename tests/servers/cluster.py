"""All servers of a cluster for a test session, and settings for a test: on them, and apart from all other tests."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from attrs import frozen

from tests.servers.kafka import Kafka, kafka
from tests.servers.postgres import Postgres, postgres
from tests.servers.redis import Redis, redis_server
from waygrid_shell.settings.settings import KafkaSettings, PostgresSettings, RedisSettings, Settings


@frozen
class ClusterServers:
    """One of each."""

    postgres: Postgres
    redis: Redis
    kafka: Kafka


@contextmanager
def cluster_servers() -> Iterator[ClusterServers]:
    """Those that the environment names; the others are started, and stopped at the end. Raises `Missing`."""
    with ExitStack() as stack:
        yield ClusterServers(
            stack.enter_context(postgres()), stack.enter_context(redis_server()), stack.enter_context(kafka())
        )


@contextmanager
def cluster_settings(servers: ClusterServers) -> Iterator[Settings]:
    """Settings with a database, a prefix of keys and a prefix of topics that nobody else has."""
    name = f"t{secrets.token_hex(5)}"
    with servers.postgres.migrated_database() as url:
        yield Settings(
            kafka=KafkaSettings(servers=(servers.kafka.bootstrap,), topic_prefix=name, partitions=3),
            postgres=PostgresSettings(url=url),
            redis=RedisSettings(url=servers.redis.url, key_prefix=name),
        )
