"""A connection that closes right before it is written to is a broken connection, and no bug.

uvloop raises RuntimeError there, where the loop of asyncio says nothing.
"""

from typing import Any

import anyio
import pytest
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest

from tests.servers.cluster import ClusterServers
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.redis.client import open_redis
from waygrid_shell.settings.settings import KafkaSettings, RedisSettings

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: Any) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


async def test_redis_is_asked_again_over_another_connection(servers: ClusterServers) -> None:
    async with open_redis(RedisSettings(url=servers.redis.url)) as client:
        assert await client.ask("PING")
        for connection in client._servers.connection_pool._available_connections:
            connection._writer.transport.abort()
        assert await client.ask("PING")


async def test_kafka_is_told_of_as_a_connection_that_broke(servers: ClusterServers) -> None:
    brokers = Brokers(KafkaSettings(servers=(servers.kafka.bootstrap,)))
    brokers.options()
    host, _, port = servers.kafka.bootstrap.partition(":")
    for rounds_of_the_loop in range(4):  # after so many nobody may have heard yet that it is closed
        connection = await create_conn(host, int(port), client_id="test")
        connection._writer.transport.abort()
        for _ in range(rounds_of_the_loop):
            await anyio.sleep(0)
        with pytest.raises(KafkaConnectionError):
            await connection.send(ApiVersionRequest())
