"""Reads one topic, as a member of its group: the share of the partitions that falls to it.

The driver joins the group, fetches ahead and keeps the session. What it does not know is here: which records are
finished (`ledger`), which come again, and which partitions stay ours through a rebalance. One stays if nobody can have
had it in between: it was ours in the generation of the group right before, and is again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

import anyio
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from waygrid_shell.adapters.kafka.assignor import KeepingAssignor
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.claim import Claim
from waygrid_shell.adapters.kafka.failures import unavailable
from waygrid_shell.adapters.kafka.leaving import leave
from waygrid_shell.adapters.kafka.ledger import Ledger
from waygrid_shell.adapters.kafka.record import SENT_AGAIN, VALUE_ELSEWHERE, mapping_of, record_of
from waygrid_shell.ports.blob_store import BlobStore
from waygrid_shell.ports.event_log import Delivery

HELD: Final = 10_000
"""So many records may be here at once that are not finished; then no more are fetched until a half of them is."""

_FETCH_BYTES: Final = 1024 * 1024
_FETCH_WAIT_MILLISECONDS: Final = 500
_WAIT_MILLISECONDS: Final = 60_000
_RETRY_MILLISECONDS: Final = 50
_FAREWELL_SECONDS: Final = 5.0
_NO_LIMIT_MILLISECONDS: Final = 2**31 - 1

_Raw: TypeAlias = tuple[Ledger, Any]


class TopicReader:
    """The reader of one topic of ours."""

    def __init__(self, brokers: Brokers, topic: str, blob_store: BlobStore, moved: Callable[[], None]) -> None:
        self._brokers = brokers
        self._topic = topic
        self._name = brokers.named(topic)
        self._blob_store = blob_store
        self._moved = moved
        """Is called when partitions come or go."""
        self._ledgers: dict[int, Ledger] = {}
        self._buffer: deque[_Raw] = deque()
        self._values: dict[str, bytes | None] = {}
        """Values that were fetched from where large ones are."""
        self._held = 0
        self._has_room = asyncio.Event()
        self._epoch = 0
        self._generation = -1
        self._is_settled = asyncio.Event()
        """Is clear from when partitions are given up until it is known which are ours."""
        self._settlements = 0
        self._commits = asyncio.Lock()
        self._commits_begun = 0
        self._commits_done = 0
        self._assignor = KeepingAssignor()
        session = round(brokers.settings.session_timeout.total_seconds() * 1_000)
        self._grace = session / 3_000
        """Seconds that may be spent on a farewell to partitions."""
        self._consumer = AIOKafkaConsumer(
            **brokers.options(),
            group_id=brokers.group(topic),
            partition_assignment_strategy=(self._assignor,),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session,
            rebalance_timeout_ms=session,
            heartbeat_interval_ms=session // 3,
            max_poll_interval_ms=_NO_LIMIT_MILLISECONDS,  # who is stuck loses the session; who works long does not
            request_timeout_ms=session + 5_000,  # to join a group may take a session
            retry_backoff_ms=_RETRY_MILLISECONDS,
            fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS,
            max_partition_fetch_bytes=_FETCH_BYTES,
            check_crcs=True,
        )

    @property
    def partitions(self) -> frozenset[int]:
        """Those that are ours."""
        return frozenset(self._ledgers)

    async def start(self) -> None:
        """Join the group. Raises `Unavailable`."""
        self._consumer.subscribe([self._name], listener=_Listener(self))
        try:
            await self._consumer.start()
            await self._is_settled.wait()
        except (KafkaError, OSError) as error:
            raise await self._brokers.why(error) from error

    async def close(self) -> None:
        """Commit what is finished and leave the group, so that others need not wait for the session to end."""
        with anyio.CancelScope(shield=True):
            farewell = leave(self._say_farewell())
            await asyncio.wait((farewell,), timeout=_FAREWELL_SECONDS)

    async def _say_farewell(self) -> None:
        try:
            async with asyncio.timeout(self._grace):
                await self._commit_done()
        except (KafkaError, TimeoutError):
            pass  # then they come again
        await self._consumer.stop()

    # Taking

    async def ready(self, limit: int) -> None:
        """Return once there is something to give, and more if more has come. Who is canceled here has lost nothing."""
        while True:
            await self._is_settled.wait()
            if not self._buffer:
                await self._fetch(_WAIT_MILLISECONDS)
            elif len(self._buffer) < limit and self._held < HELD:
                await self._fetch(0)  # so that the driver fetches on meanwhile
            if self._is_settled.is_set() and self._buffer:
                absent = self._values_absent(limit)
                if not absent:
                    return
                await self._get_values(absent)

    def _values_absent(self, limit: int) -> list[str]:
        """The digests of the next records' values that are elsewhere, and not yet fetched."""
        digests = [digest for _, raw in islice(self._buffer, limit) if (digest := _digest_of(raw)) is not None]
        return [digest for digest in digests if digest not in self._values]

    async def _fetch(self, wait_milliseconds: int) -> None:
        while self._held >= HELD:
            self._has_room.clear()
            await self._has_room.wait()
        try:
            fetched = await self._consumer.getmany(timeout_ms=wait_milliseconds)
        except KafkaError as error:
            raise unavailable(error) from error
        for partition, records in fetched.items():
            ledger = self._ledgers.get(partition.partition)
            if ledger is None:
                continue
            first = ledger.base + records[0].offset
            if first < ledger.given_to:
                ledger = self._begin_again(ledger)
                first = ledger.base + records[0].offset
            ledger.read(len(records), first, ledger.base + records[-1].offset + 1)
            self._buffer.extend([(ledger, raw) for raw in records])
            self._held += len(records)

    def _begin_again(self, ledger: Ledger) -> Ledger:
        """The partition has lost its end, or was made anew: what was taken of it says nothing about what it has now."""
        self._lose([ledger])
        self._epoch += 1
        self._ledgers[ledger.partition] = anew = Ledger(ledger.partition, self._epoch)
        self._moved()
        return anew

    async def _get_values(self, digests: Sequence[str]) -> None:
        found = await self._blob_store.get(digests)
        self._values.update((digest, found.get(digest)) for digest in digests)

    def give(self, limit: int) -> list[Delivery]:
        """The next records that are ready."""
        buffer, topic = self._buffer, self._topic
        given = []
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
            given.append(Delivery(record_of(topic, raw, headers, value), place, is_old, ledger.partition))
        self._values = {}
        return given

    # Acknowledging

    async def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """See `Subscription.acknowledge`."""
        places: dict[int, list[int]] = {}
        for delivery in deliveries:
            places.setdefault(delivery.partition, []).append(delivery.position)
        is_further = False
        for partition, some in places.items():
            ledger = self._ledgers.get(partition)
            if ledger is not None:
                self._held -= ledger.finish(some)
                is_further = is_further or ledger.low > ledger.committed
        if self._held <= HELD // 2:
            self._has_room.set()
        if is_further:
            await self._commit()

    async def _commit(self) -> None:
        """Return once what is finished now is committed. Who comes while one is under way shares the next one."""
        self._commits_begun += 1
        turn = self._commits_begun
        async with self._commits:
            if self._commits_done >= turn:
                return
            covered = self._commits_begun
            while True:
                await self._is_settled.wait()
                settlements = self._settlements
                try:
                    await self._commit_done()
                except (CommitFailedError, IllegalStateError):
                    # The group goes on without us, or is about to: what stays ours is committed then.
                    await self._next_settlement(settlements)
                    continue
                except KafkaError as error:
                    raise unavailable(error) from error
                break
            self._commits_done = covered

    async def _commit_done(self) -> None:
        further = [ledger for ledger in self._ledgers.values() if ledger.low > ledger.committed]
        if not further:
            return
        lows = [ledger.low for ledger in further]
        await self._consumer.commit(
            {TopicPartition(self._name, ledger.partition): ledger.offset() for ledger in further}
        )
        for ledger, low in zip(further, lows, strict=True):
            ledger.committed = low

    async def _next_settlement(self, settlements: int) -> None:
        while self._settlements == settlements:
            await asyncio.sleep(_RETRY_MILLISECONDS / 1_000)
        await self._is_settled.wait()

    # Partitions come and go

    async def revoked(self) -> None:
        """All partitions are given up, most of them to come back at once."""
        self._is_settled.clear()
        if self._consumer._coordinator.generation != self._generation:
            self._lose(list(self._ledgers.values()))  # the group has put us out: others may have them already
            self._generation = -1
            return
        try:
            async with asyncio.timeout(self._grace):
                await self._commit_done()
        except (KafkaError, TimeoutError):
            pass  # what stays ours is committed later, and the rest comes again elsewhere

    async def assigned(self, partitions: Iterable[Any]) -> None:
        """These are ours from now on."""
        ours = {each.partition: each for each in partitions}
        generation = self._consumer._coordinator.generation
        is_unbroken = self._generation >= 0 and generation == self._generation + 1
        self._generation = generation
        self._lose([each for each in self._ledgers.values() if not is_unbroken or each.partition not in ours])
        for ledger in self._ledgers.values():
            if ledger.given_to >= 0:
                self._consumer.seek(ours[ledger.partition], ledger.given_to - ledger.base)
        gained = [each for number, each in ours.items() if number not in self._ledgers]
        self._epoch += 1
        for each in gained:
            self._ledgers[each.partition] = Ledger(each.partition, self._epoch)
        self._assignor.claim = Claim(generation, frozenset(self._ledgers))
        if gained:
            self._moved()
            await self._tell_old_from_new(gained)
        self._settlements += 1
        self._is_settled.set()

    async def _tell_old_from_new(self, partitions: Sequence[Any]) -> None:
        """What stands in a partition by now an earlier owner may have taken; what comes later not."""
        try:
            async with asyncio.timeout(self._grace):
                ends = await self._consumer.end_offsets(partitions)
        except (KafkaError, TimeoutError):
            return  # then all of it may have been
        for partition, end in ends.items():
            ledger = self._ledgers[partition.partition]
            ledger.repeated_below = ledger.base + end

    def _lose(self, ledgers: Sequence[Ledger]) -> None:
        if not ledgers:
            return
        lost = set(map(id, ledgers))
        for ledger in ledgers:
            del self._ledgers[ledger.partition]
            self._held -= ledger.open
        self._buffer = deque((ledger, raw) for ledger, raw in self._buffer if id(ledger) not in lost)
        self._assignor.claim = Claim(self._assignor.claim.generation, frozenset(self._ledgers))
        if self._held <= HELD // 2:
            self._has_room.set()
        self._moved()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver has no types
    """What the driver calls when partitions come and go."""

    def __init__(self, reader: TopicReader) -> None:
        self._reader = reader

    async def on_partitions_revoked(self, revoked: Any) -> None:
        del revoked  # always all
        await self._reader.revoked()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._reader.assigned(assigned)


def _digest_of(raw: Any) -> str | None:
    """Where the value is, if it is not here."""
    if raw.value:
        return None
    for name, value in raw.headers:
        if name == VALUE_ELSEWHERE:
            return str((value or b"").decode("utf-8", "backslashreplace"))
    return None
