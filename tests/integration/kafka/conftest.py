"""Topics of a user's own: in memory beside the ports of one process, in Kafka beside those of a cluster."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from aiokafka.admin import NewTopic
from attrs import frozen

from tests.servers.cluster import ClusterServers
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.topics import admin_of
from waygrid_shell.adapters.memory.record_log import MemoryRecordLog
from waygrid_shell.ports.record_log import ForeignSubscription, Posting, RecordLog
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import KafkaSettings

TOPICS = ("orders", "paid", "other")


@pytest.fixture
async def records(request: pytest.FixtureRequest, ports: Ports) -> AsyncIterator[RecordLog]:
    """A log with `TOPICS`."""
    if ports.record_log is None:
        yield MemoryRecordLog(TOPICS)
        return
    servers: ClusterServers = request.getfixturevalue("servers")
    apart = f"u{secrets.token_hex(5)}."
    names = [apart + topic for topic in TOPICS]
    async with admin_of(Brokers(KafkaSettings(servers=(servers.kafka.bootstrap,)))) as admin:
        await admin.create_topics([NewTopic(name, 3, 1) for name in names])
        yield _Apart(ports.record_log, apart)
        await admin.delete_topics(names)


@frozen
class _Apart:
    """A log whose topics and groups are called otherwise there than in the test, so that tests do not meet."""

    log: RecordLog
    prefix: str

    def subscribe(self, topics: Sequence[str], group: str) -> AbstractAsyncContextManager[ForeignSubscription]:
        return self.log.subscribe([self.prefix + topic for topic in topics], self.prefix + group)

    async def post(self, posting: Posting) -> tuple[int, int]:
        return await self.log.post(
            Posting(topic=self.prefix + posting.topic, key=posting.key, value=posting.value, headers=posting.headers)
        )
