"""Writes to Kafka, for the whole process: idempotent, acknowledged by all replicas in sync, each partition in order.

The driver's producer gets out of step with the brokers for good if a batch fails for ever (its numbering goes on, that
of the brokers does not). Whatever fails, the producer is replaced: everything that waits fails, and is published again
by whoever published it; its ids name the same messages.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import anyio
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.failures import unavailable
from waygrid_shell.adapters.kafka.lane import MAX_BATCH_BYTES, MIN_BATCH_BYTES, Call, Lane, Parcel
from waygrid_shell.adapters.kafka.leaving import begin, leave
from waygrid_shell.adapters.kafka.topics import TopicFacts, TopicMaker
from waygrid_shell.ports.failure import Unavailable

_log = logging.getLogger(__name__)

_GIVE_UP_SECONDS: Final = 30.0
"""No broker has taken anything for so long: whoever waits is told."""

_REQUEST_TIMEOUT_MILLISECONDS: Final = 10_000
_RETRY_MILLISECONDS: Final = 50
_FIRST_REST_SECONDS: Final = 0.1
_LONGEST_REST_SECONDS: Final = 2.0
_FLUSH_SECONDS: Final = 5.0


class Publisher:
    """Takes records of any number of calls; `run` must run meanwhile."""

    def __init__(self, brokers: Brokers, topics: TopicMaker) -> None:
        self._brokers = brokers
        self._topics = topics
        self._producer: Any = None
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._facts: dict[str, TopicFacts] = {}
        self._ready: dict[Lane, None] = {}
        """Lanes with something that waits and nothing on its way, in the order in which they became so."""
        self._is_needed = asyncio.Event()
        self._answered_at = time.monotonic()

    async def start(self) -> None:
        """Reach Kafka. Raises `Unavailable`."""
        self._producer = await self._make()

    async def close(self) -> None:
        """Let what waits go first, for a while."""
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_FLUSH_SECONDS):
                while self._producer is not None and any(
                    lane.waiting or lane.under_way for lane in self._lanes.values()
                ):
                    await asyncio.sleep(0.01)
            farewell = self._replace(Unavailable("event log", "it is being closed"))
            if farewell is not None:
                await asyncio.wait((farewell,), timeout=_FLUSH_SECONDS)

    @property
    def _has_some(self) -> bool:
        return any(lane.waiting or lane.under_way is not None for lane in self._lanes.values())

    def facts_of(self, topic: str) -> TopicFacts | None:
        """What is known of that topic (of Kafka's name)."""
        return self._facts.get(topic)

    async def learn(self, topics: Iterable[str]) -> None:
        """Have these topics, and know them. Raises `Unavailable`."""
        missing = [topic for topic in topics if topic not in self._facts]
        if missing:
            self._facts.update(await self._topics.have(missing))
            for lane in self._lanes.values():
                lane.limit = min(lane.limit, self._limit(lane.topic))

    def put(self, parcels: Mapping[tuple[str, int], Sequence[Parcel]]) -> Call:
        """Have these written, by topic (of Kafka's name) and partition: behind all that was put before."""
        call = Call(sum(map(len, parcels.values())), asyncio.get_running_loop().create_future())
        for place, some in parcels.items():
            lane = self._lanes.get(place)
            if lane is None:
                lane = self._lanes[place] = Lane(*place, self._limit(place[0]))
            if not lane.waiting and lane.under_way is None:
                self._ready[lane] = None
            lane.put(call, some)
        self._is_needed.set()
        return call

    def _limit(self, topic: str) -> int:
        """How many bytes a batch may have: some are left for what the brokers make of it."""
        facts = self._facts.get(topic)
        return (
            MAX_BATCH_BYTES if facts is None else max(MIN_BATCH_BYTES, min(MAX_BATCH_BYTES, facts.max_bytes * 3 // 4))
        )

    async def written(self, call: Call) -> None:
        """Return once all of it is. Raises `Unavailable`. Who gives up waiting takes nothing back."""
        done = call.done
        waited_since = time.monotonic()
        while True:
            await asyncio.wait((done,), timeout=_GIVE_UP_SECONDS)
            if done.done():
                done.result()
                return
            if time.monotonic() - max(self._answered_at, waited_since) >= _GIVE_UP_SECONDS:
                self._replace(Unavailable("event log", f"no broker has taken a record for {_GIVE_UP_SECONDS:.0f} s"))

    async def run(self) -> None:
        """Send what waits, until canceled."""
        rest = _FIRST_REST_SECONDS
        while True:
            await self._is_needed.wait()
            self._is_needed.clear()
            if self._producer is None:
                try:
                    self._producer = await self._make()
                except Unavailable:
                    await asyncio.sleep(rest)
                    rest = min(rest * 2, _LONGEST_REST_SECONDS)
                    self._is_needed.set()
                    continue
                rest = _FIRST_REST_SECONDS
            try:
                await self._send_ready(self._producer)
            except Exception as error:  # the seam: if this ended, nothing would be published any more
                _log.exception("the producer is replaced, for it did what nobody expected")
                self._replace(Unavailable("event log", f"its producer failed: {error!r}"))
                self._is_needed.set()
                await asyncio.sleep(rest)

    async def _send_ready(self, producer: Any) -> None:
        now = int(time.time() * 1_000)
        while self._ready:
            lane, _ = self._ready.popitem()
            if not lane.waiting or lane.under_way is not None:
                continue
            batch = lane.fill(now)
            lane.under_way = batch
            try:
                acknowledged = await producer.send_batch(batch, lane.topic, partition=lane.partition)
            except (KafkaError, AssertionError) as error:  # asserted: the partition is gone
                self._replace(unavailable(error))
                return
            if self._producer is not producer:
                return
            acknowledged.add_done_callback(lambda future, lane=lane: self._answered(producer, lane, future))

    def _answered(self, producer: Any, lane: Lane, acknowledged: "asyncio.Future[Any]") -> None:
        error = None if acknowledged.cancelled() else acknowledged.exception()
        if producer is not self._producer:
            return
        if error is not None or acknowledged.cancelled():
            self._failed(lane, error or asyncio.CancelledError())
            return
        self._answered_at = time.monotonic()
        batch, lane.under_way = lane.under_way, None
        assert batch is not None
        for call, count in batch.shares:
            call.arrived(count)
        if lane.waiting:
            self._ready[lane] = None
            self._is_needed.set()

    def _failed(self, lane: Lane, error: BaseException) -> None:
        if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            assert lane.under_way is not None
            lane.limit = max(MIN_BATCH_BYTES, lane.under_way.size() // 2)  # somebody has changed the topic
        self._replace(unavailable(error))

    def _replace(self, failure: Exception) -> "asyncio.Task[None] | None":
        """Fail whatever waits, and begin anew; the farewell of the old producer, if there was one."""
        producer, self._producer = self._producer, None
        farewell = None if producer is None else leave(_abandon(producer))
        self._ready.clear()
        self._facts.clear()
        for lane in self._lanes.values():
            lane.clear(failure)
        self._answered_at = time.monotonic()
        return farewell

    async def _make(self) -> Any:
        producer = AIOKafkaProducer(
            **self._brokers.options(),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=MAX_BATCH_BYTES,
            request_timeout_ms=_REQUEST_TIMEOUT_MILLISECONDS,
            retry_backoff_ms=_RETRY_MILLISECONDS,
        )
        try:
            await begin(producer, partial(_abandon, producer))
        except (KafkaError, OSError) as error:
            raise await self._brokers.why(error) from error
        return producer


async def _abandon(producer: Any) -> None:
    """Let go of a producer that may never be done with what it has."""
    sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
    with anyio.move_on_after(_FLUSH_SECONDS):
        await producer.client.close()
    await producer.stop()
