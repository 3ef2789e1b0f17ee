"""Drives a cluster as an origin does, and hears of ends where the cluster tells them: in the topic of the inbox.

It costs the machine little: requests are published a batch at a time, and of what is told only the headers are read.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from attrs import define, field

from benchmarks.payload import PAYLOAD
from waygrid_core.children.derive import plan_for
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.envelope.cloud_event import TYPE_PREFIX
from waygrid_core.message.messages import TraversalEnded, TraversalRequested
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_core.model.ulid import ulid_from
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.runtime.cluster_wiring import cluster_ports
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import Settings

_ORIGIN: Final = ServiceAddress("origin", "batch")
_PATIENCE_SECONDS: Final = 60.0
_TICK_SECONDS: Final = 0.005
_ENDED: Final = f"{TYPE_PREFIX}{TraversalEnded.__name__}.v".encode()


@define
class Result:
    """What came of it. `latencies` are seconds from handing a traversal in to hearing that it has ended."""

    seconds: float = 0.0
    latencies: list[float] = field(factory=list)
    traversals: list[TraversalId] = field(factory=list)


class Origin:
    """Hands traversals in, and hears of their ends. Made by `origin_of`."""

    def __init__(self, ports: Ports, ends: AIOKafkaConsumer) -> None:
        self.ports = ports
        self._log: EventLog = ports.event_log
        self._ends = ends
        self._begun: dict[str, float] = {}
        self._result = Result()
        self._compiled: CompiledDag | None = None

    async def prepare(self, document: Mapping[str, Any]) -> None:
        """From now on traversals of this Spec are handed in."""
        self._compiled = compile_document(document).unwrap()
        await self.ports.dag_store.put(self._compiled)

    async def keep_in_flight(self, count: int, in_flight: int) -> Result:
        """Run so many, so many at a time: a new one is handed in for each that ends."""
        self._result, left = Result(), count
        started = time.perf_counter()
        while left or self._begun:
            if fresh := min(left, in_flight - len(self._begun)):
                left -= fresh
                await self._hand_in(fresh)
            await self._hear()
        self._result.seconds = time.perf_counter() - started
        return self._result

    async def at_rate(self, rate: float, seconds: float) -> Result:
        """Hand so many in a second, for so long, whatever becomes of them; return once all have ended."""
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        return await self.until(stop, rate)

    async def until(self, stop: asyncio.Event, rate: float) -> Result:
        """The same until somebody says stop."""
        self._result = Result()
        started = time.perf_counter()
        hearing = asyncio.create_task(self._hear_all())
        handed_in = 0
        while not stop.is_set():
            if fresh := int(rate * (time.perf_counter() - started)) - handed_in:
                handed_in += fresh
                await self._hand_in(fresh)
            await asyncio.sleep(_TICK_SECONDS)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._begun:
                await asyncio.sleep(_TICK_SECONDS)
        hearing.cancel()
        self._result.seconds = time.perf_counter() - started
        return self._result

    async def _hear_all(self) -> None:
        while True:
            await self._hear()

    async def _hear(self) -> None:
        """Wait for ends, and note them. Raises `TimeoutError` if none come."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not self._note(await self._ends.getmany(timeout_ms=1_000)):
                pass

    def _note(self, taken: Mapping[TopicPartition, list[Any]]) -> int:
        now, result, noted = time.perf_counter(), self._result, 0
        for records in taken.values():
            for record in records:
                if any(name == "ce_type" and value.startswith(_ENDED) for name, value in record.headers):
                    traversal = record.key.decode()
                    began = self._begun.pop(traversal, None)
                    if began is not None:
                        noted += 1
                        result.latencies.append(now - began)
                        result.traversals.append(TraversalId(traversal))
        return noted

    async def _hand_in(self, count: int) -> None:
        assert self._compiled is not None, "prepare comes first"
        now = self.ports.clock.now()
        milliseconds = int(now.timestamp() * 1_000)
        traversals = [TraversalId(ulid_from(milliseconds, secrets.token_bytes(10))) for _ in range(count)]
        plan = plan_for(self._compiled.dag)
        self._begun.update(dict.fromkeys(traversals, time.perf_counter()))
        await self._log.publish(
            [
                seal(
                    WAYSTATION,
                    TraversalRequested(traversal=each, plan=plan, payload=PAYLOAD, root=each),
                    f"request-{each}",
                    sender=_ORIGIN,
                    sent_at=now,
                )
                for each in traversals
            ]
        )


@asynccontextmanager
async def origin_of(settings: Settings) -> AsyncIterator[Origin]:
    """An origin of a cluster that runs."""
    async with cluster_ports(settings) as ports:
        await ports.event_log.prepare([topic_name(WAYSTATION), topic_name(INBOX)])
        topic = topic_name(INBOX, settings.kafka.topic_prefix)
        ends = AIOKafkaConsumer(
            bootstrap_servers=",".join(settings.kafka.servers), fetch_max_wait_ms=100, auto_offset_reset="latest"
        )
        async with ends:
            partitions = [TopicPartition(topic, number) for number in range(settings.kafka.partitions)]
            ends.assign(partitions)
            await ends.seek_to_end(*partitions)
            yield Origin(ports, ends)
