"""A part of a cluster for one example: a database, topics and keys that nothing else uses, removed at its end.

The servers are those of WAYGRID_KAFKA_SERVERS, WAYGRID_POSTGRES_URL and WAYGRID_REDIS_URL, or those that
`python -m tests.servers run COMMAND...` starts for a command. The user of the database must be allowed to make one.
"""

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from aiokafka.admin import AIOKafkaAdminClient
from psycopg.sql import SQL, Identifier

PARTITIONS = "4"


@asynccontextmanager
async def part_of_a_cluster() -> AsyncIterator[Mapping[str, str]]:
    """What the environment of its processes says."""
    brokers = _server("WAYGRID_KAFKA_SERVERS", "WAYGRID_TEST_KAFKA")
    database = _server("WAYGRID_POSTGRES_URL", "WAYGRID_TEST_POSTGRES")
    name = f"waygrid_example_{secrets.token_hex(4)}"
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield {
                "WAYGRID_KAFKA_SERVERS": brokers,
                "WAYGRID_KAFKA_TOPIC_PREFIX": name,
                "WAYGRID_KAFKA_PARTITIONS": PARTITIONS,
                "WAYGRID_KAFKA_SESSION_TIMEOUT": "6s",
                "WAYGRID_POSTGRES_URL": urlunsplit(urlsplit(database)._replace(path=f"/{name}")),
                "WAYGRID_REDIS_URL": _server("WAYGRID_REDIS_URL", "WAYGRID_TEST_REDIS"),
                "WAYGRID_REDIS_KEY_PREFIX": name,
            }
        finally:
            await connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
            await _remove_topics(brokers, name)


def _server(setting: str, of_tests: str) -> str:
    given = os.environ.get(setting) or os.environ.get(of_tests)
    if not given:
        raise SystemExit(
            f"--cluster needs servers: set {setting}, or have them started for it: "
            "python -m tests.servers run python examples/orders/run.py --cluster"
        )
    return given


async def _remove_topics(brokers: str, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        await admin.delete_topics([topic for topic in await admin.list_topics() if topic.startswith(f"{prefix}.")])
    finally:
        await admin.close()
