"""The event logs that there are, for the tests of their contract."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

from attrs import evolve, frozen

from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.event_log import open_event_log
from waygrid_shell.adapters.kafka.topics import admin_of
from waygrid_shell.adapters.memory.blob_store import MemoryBlobStore
from waygrid_shell.adapters.memory.dead_letter_book import MemoryDeadLetterBook
from waygrid_shell.runtime.wiring import OpenPorts, Ports, memory_ports
from waygrid_shell.settings.settings import KafkaSettings

PARTITIONS = 3


@frozen
class OpenLog:
    """Opens the log again and again, each time as another process would. It may be open several times at once."""

    open: OpenPorts
    keeps_each: bool
    """Whether each record is acknowledged by itself, and a later one of the same id dropped until it is."""
    partitions: int = 1
    is_shared: bool = False
    """Whether a topic may have several readers."""
    kafka: KafkaSettings | None = None


@contextmanager
def on_kafka(bootstrap: str, session: timedelta = timedelta(seconds=20)) -> Iterator[OpenLog]:
    """A log on these brokers, apart from all others there; its topics are deleted at the end."""
    name = f"t{secrets.token_hex(5)}"
    settings = KafkaSettings(servers=(bootstrap,), topic_prefix=name, partitions=PARTITIONS, session_timeout=session)
    book, blobs, others = MemoryDeadLetterBook(), MemoryBlobStore(), memory_ports()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Ports]:
        async with open_event_log(settings, dead_letter_book=book, blob_store=blobs, clock=HostClock()) as event_log:
            yield evolve(others, event_log=event_log)

    try:
        yield OpenLog(opened, keeps_each=False, partitions=PARTITIONS, is_shared=True, kafka=settings)
    finally:
        asyncio.run(delete_topics(settings))


async def delete_topics(settings: KafkaSettings) -> None:
    """Delete all topics with the prefix of these settings."""
    async with admin_of(Brokers(settings)) as admin:
        names = [name for name in await admin.list_topics() if name.startswith(f"{settings.topic_prefix}.")]
        if names:
            await admin.delete_topics(names)
