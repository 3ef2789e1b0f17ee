"""Reads one topic of ours, in the group of that topic."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from aiokafka import TopicPartition

from waygrid_shell.adapters.kafka.assignor import KeepingAssignor
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.group_reader import GroupReader
from waygrid_shell.adapters.kafka.record import SENT_AGAIN, VALUE_ELSEWHERE, mapping_of, record_of
from waygrid_shell.ports.blob_store import BlobStore
from waygrid_shell.ports.event_log import Delivery


class TopicReader:
    """See the module. `moved` is called when partitions come or go."""

    def __init__(self, brokers: Brokers, topic: str, blob_store: BlobStore, moved: Callable[[], None]) -> None:
        self._topic = topic
        self._name = brokers.named(topic)
        self._blob_store = blob_store
        group = brokers.group(topic)
        self._group = GroupReader(brokers, [self._name], group, moved=moved, assignor=KeepingAssignor())
        self._values: dict[str, bytes | None] = {}
        """Values that were fetched from where large ones are."""

    @property
    def partitions(self) -> frozenset[int]:
        """Those that are ours."""
        return frozenset(each.partition for each in self._group.ledgers)

    async def start(self) -> None:
        """Join the group. Raises `Unavailable`."""
        await self._group.start()

    async def close(self) -> None:
        """Leave it."""
        await self._group.close()

    async def ready(self, limit: int) -> None:
        """Return once there is something to give, and more if more has come. Who is canceled here has lost nothing."""
        while True:
            await self._group.fill(limit)
            if self._group.has_some:
                absent = self._values_absent(limit)
                if not absent:
                    return
                found = await self._blob_store.get(absent)
                self._values.update((digest, found.get(digest)) for digest in absent)

    def _values_absent(self, limit: int) -> list[str]:
        """The digests of the next records' values that are elsewhere, and not yet fetched."""
        digests = [digest for _, raw in islice(self._group.buffer, limit) if (digest := _digest_of(raw)) is not None]
        return [digest for digest in digests if digest not in self._values]

    def give(self, limit: int) -> list[Delivery]:
        """The next records that are ready."""
        topic, buffer = self._topic, self._group.buffer
        given: list[Delivery] = []
        if not self._group.has_some:
            return given
        for _ in range(min(limit, len(buffer))):
            ledger, raw = buffer[0]
            headers, value = mapping_of(raw.headers), raw.value
            if not value and VALUE_ELSEWHERE in headers:
                digest = headers[VALUE_ELSEWHERE]
                if digest not in self._values:
                    break
                value = self._values[digest]
                if value is not None:
                    del headers[VALUE_ELSEWHERE]
            buffer.popleft()
            place = ledger.base + raw.offset
            is_old = place < ledger.repeated_below
            if SENT_AGAIN in headers:
                del headers[SENT_AGAIN]
                is_old = True
            given.append(Delivery(record_of(topic, raw, headers, value), place, is_old, ledger.partition, raw.offset))
        self._values = {}
        return given

    async def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """See `Subscription.acknowledge`."""
        places: dict[int, list[int]] = {}
        for delivery in deliveries:
            some = places.get(delivery.partition)
            if some is None:
                some = places[delivery.partition] = []
            some.append(delivery.position)
        await self._group.finish({TopicPartition(self._name, number): some for number, some in places.items()})


def _digest_of(raw: Any) -> str | None:
    """Where the value is, if it is not here."""
    if raw.value:
        return None
    for name, value in raw.headers:
        if name == VALUE_ELSEWHERE:
            return str((value or b"").decode("utf-8", "backslashreplace"))
    return None
