"""All servers of a cluster for a test session, and settings for a test: on them, and apart from all other tests."""

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from aiokafka.admin import AIOKafkaAdminClient
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
    """Settings with a database, a prefix of keys and a prefix of topics that nobody else has.

    The topics are removed at the end: a broker that has those of a thousand tests is slow for all that come.
    """
    name = f"t{secrets.token_hex(5)}"
    with servers.postgres.migrated_database() as url:
        try:
            yield Settings(
                kafka=KafkaSettings(servers=(servers.kafka.bootstrap,), topic_prefix=name, partitions=3),
                postgres=PostgresSettings(url=url),
                redis=RedisSettings(url=servers.redis.url, key_prefix=name),
            )
        finally:
            delete_topics(servers.kafka.bootstrap, f"{name}.")


def delete_topics(bootstrap: str, prefix: str) -> None:
    """Delete the topics that begin so: a broker with thousands of them is slow to say anything.

    In a thread of its own, since whoever calls may have a loop that runs.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_delete_topics(bootstrap, prefix))).result()


async def _delete_topics(bootstrap: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        if topics:
            await admin.delete_topics(topics)
    finally:
        await admin.close()
