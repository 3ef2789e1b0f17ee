"""Reads topics as a member of a group: the share of their partitions that falls to this member.

The driver joins the group, fetches ahead and keeps the session. What it does not know is here: which records are
finished (`ledger`), which come again, and which partitions stay ours through a rebalance. One stays if nobody can have
had it in between: it was ours in the generation of the group right before, and is again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import anyio
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from waygrid_shell.adapters.kafka.assignor import KeepingAssignor
from waygrid_shell.adapters.kafka.brokers import Brokers
from waygrid_shell.adapters.kafka.claim import Claim
from waygrid_shell.adapters.kafka.failures import unavailable
from waygrid_shell.adapters.kafka.fetched import has_more, take_fetched, wait_for_more
from waygrid_shell.adapters.kafka.leaving import leave
from waygrid_shell.adapters.kafka.ledger import Ledger
from waygrid_shell.ports.failure import Unavailable

HELD: Final = 10_000
"""So many records may be here at once that are not finished; then no more are fetched until a half of them is."""

_FETCH_BYTES: Final = 1024 * 1024
_FETCH_WAIT_MILLISECONDS: Final = 500
_RETRY_MILLISECONDS: Final = 50
_COMMIT_REST_SECONDS: Final = 0.05
"""Between two commits: nobody waits for them, and each costs the broker as much as a batch of records."""
_HEARTBEAT_MILLISECONDS: Final = 1_000
"""With a heartbeat a reader hears that others have come or gone; until all have, those who came have nothing."""

_FAREWELL_SECONDS: Final = 5.0
_NO_LIMIT_MILLISECONDS: Final = 2**31 - 1

Raw: TypeAlias = tuple[Ledger, Any]
"""A record as the driver gives it, and the ledger of its partition."""


class GroupReader:
    """Reads these topics (of Kafka's name) in this group.

    `moved` is called when partitions come or go; `assignor` shares them out, the same one in all members of the group.
    """

    def __init__(
        self,
        brokers: Brokers,
        topics: Sequence[str],
        group: str,
        *,
        moved: Callable[[], None],
        assignor: Any,
        port: str = "event log",
    ) -> None:
        self._brokers = brokers
        self._topics = topics
        self._moved = moved
        self._port = port
        self.ledgers: dict[Any, Ledger] = {}
        """Of the partitions that are ours."""
        self.buffer: deque[Raw] = deque()
        """What was fetched and is to be given."""
        self._held = 0
        self._has_room = asyncio.Event()
        self._epoch = 0
        self._generation = -1
        self._is_settled = asyncio.Event()
        """Is clear from when partitions are given up until it is known which are ours."""
        self._settlements = 0
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails once nothing will be read any more."""
        self._is_closing = False
        self._starting: asyncio.Task[None] | None = None
        self._commits = asyncio.Lock()
        self._commits_begun = 0
        self._commits_done = 0
        self._committed_at = 0.0
        self._assignor = assignor
        session = round(brokers.settings.session_timeout.total_seconds() * 1_000)
        self._grace = session / 3_000
        """Seconds that may be spent on a farewell to partitions."""
        self._consumer = AIOKafkaConsumer(
            **brokers.options(port),
            group_id=group,
            partition_assignment_strategy=(assignor,),  # one: the driver joins once for each
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=session,
            rebalance_timeout_ms=session,
            heartbeat_interval_ms=min(session // 3, _HEARTBEAT_MILLISECONDS),
            max_poll_interval_ms=_NO_LIMIT_MILLISECONDS,  # who is stuck loses the session; who works long does not
            request_timeout_ms=session + 5_000,  # to join a group may take a session
            retry_backoff_ms=_RETRY_MILLISECONDS,
            fetch_max_wait_ms=_FETCH_WAIT_MILLISECONDS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )

    async def start(self) -> None:
        """Join the group. Raises `Unavailable`."""
        self._consumer.subscribe(list(self._topics), listener=_Listener(self))
        self._starting = asyncio.get_running_loop().create_task(self._consumer.start())
        try:
            await asyncio.shield(self._starting)
            self._watch()
            await self._is_settled.wait()
            self._raise_if_broken()
        except (KafkaError, OSError) as error:
            raise await self._brokers.why(error, self._port) from error

    async def close(self) -> None:
        """Commit what is finished and leave the group, so that others need not wait for the session to end."""
        self._is_closing = True
        with anyio.CancelScope(shield=True):
            farewell = leave(self._say_farewell())
            await asyncio.wait((farewell,), timeout=_FAREWELL_SECONDS)

    async def _say_farewell(self) -> None:
        if self._starting is not None and not self._starting.done() and self._consumer._fetcher is None:
            await asyncio.wait((self._starting,), timeout=_FAREWELL_SECONDS)  # else it loses connections that it makes
        await self._commit_for_a_while()
        await self._consumer.stop()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait((self._starting,))
            if not self._starting.cancelled():
                self._starting.exception()  # who waited for it has gone

    async def _commit_for_a_while(self) -> None:
        """If it takes longer, or fails: what stays ours is committed later, and the rest comes again elsewhere."""
        await asyncio.wait((leave(self._commit_what_is_done()),), timeout=self._grace)

    # Reading

    @property
    def has_some(self) -> bool:
        """Whether there is something in the buffer that may be given: none while partitions are given up."""
        return bool(self.buffer) and self._is_settled.is_set()

    async def fill(self, limit: int) -> None:
        """Have something in the buffer, up to `limit` if it has come. Who is canceled here has lost nothing.

        Raises `Unavailable`.
        """
        await self._is_settled.wait()
        self._raise_if_broken()
        try:
            if not self.buffer:
                await self._has_room_again()
                if not has_more(self._consumer):
                    await wait_for_more(self._consumer, self._broken)
                    self._raise_if_broken()
                self._take_fetched()
            elif len(self.buffer) < limit and self._held < HELD and has_more(self._consumer):
                self._take_fetched()  # so that the driver fetches on meanwhile
        except KafkaError as error:
            raise unavailable(error, self._port) from error

    async def _has_room_again(self) -> None:
        while self._held >= HELD:
            self._has_room.clear()
            await self._has_room.wait()
            self._raise_if_broken()

    def _take_fetched(self) -> None:
        for fetched in take_fetched(self._consumer):
            partition, records = fetched.partition, fetched.records
            ledger = self.ledgers.get(partition)
            if ledger is None:
                continue
            first = ledger.base + records[0].offset
            if first < ledger.given_to:
                ledger = self._begin_again(partition, ledger)
                first = ledger.base + records[0].offset
            ledger.read(len(records), first, ledger.base + records[-1].offset + 1)
            self.buffer.extend([(ledger, raw) for raw in records])
            self._held += len(records)

    def _raise_if_broken(self) -> None:
        if self._broken.done():
            self._broken.result()

    def _watch(self) -> None:
        """The driver's tasks end if something happens to them that it did not expect, and it does not look."""
        for task in (self._consumer._fetcher._fetch_task, self._consumer._coordinator._coordination_task):
            task.add_done_callback(self._break)

    def _break(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if self._is_closing or self._broken.done():
            return
        reason = f"what reads it has ended ({error!r}); it is begun anew"
        self._broken.set_exception(Unavailable(self._port, reason))
        self._broken.exception()  # whoever reads is told; nobody may be reading
        self._is_settled.set()
        self._has_room.set()

    def _begin_again(self, partition: Any, ledger: Ledger) -> Ledger:
        """The partition has lost its end, or was made anew: what was taken of it says nothing about what it has now."""
        self._lose({partition: ledger})
        self._epoch += 1
        self.ledgers[partition] = anew = Ledger(partition.topic, partition.partition, self._epoch)
        return anew

    # Finishing

    async def finish(self, places: Mapping[Any, Iterable[int]]) -> None:
        """These places of these partitions are finished. Returns once that is committed, as far as it can be.

        Raises `Unavailable`.
        """
        is_further = False
        for partition, some in places.items():
            ledger = self.ledgers.get(partition)
            if ledger is not None:
                self._held -= ledger.finish(some)
                is_further = is_further or ledger.low > ledger.committed
        self._look_for_room()
        if is_further:
            await self._commit()

    def _look_for_room(self) -> None:
        if self._held <= HELD // 2:
            self._has_room.set()

    async def _commit(self) -> None:
        """Return once what is finished now is committed. Who comes while one is under way shares the next one."""
        self._commits_begun += 1
        turn = self._commits_begun
        async with self._commits:
            if self._commits_done >= turn:
                return
            await asyncio.sleep(self._committed_at + _COMMIT_REST_SECONDS - time.monotonic())
            covered = self._commits_begun
            while True:
                await self._is_settled.wait()
                self._raise_if_broken()
                settlements = self._settlements
                try:
                    await self._commit_what_is_done()
                except (CommitFailedError, IllegalStateError):
                    # The group goes on without us, or is about to: what stays ours is committed then.
                    await self._next_settlement(settlements)
                    continue
                except KafkaError as error:
                    raise unavailable(error, self._port) from error
                break
            self._commits_done = covered
            self._committed_at = time.monotonic()

    async def _commit_what_is_done(self) -> None:
        further = {partition: each for partition, each in self.ledgers.items() if each.low > each.committed}
        if not further:
            return
        lows = {partition: ledger.low for partition, ledger in further.items()}
        await self._consumer.commit({partition: ledger.offset() for partition, ledger in further.items()})
        for partition, ledger in further.items():
            ledger.committed = lows[partition]

    async def _next_settlement(self, settlements: int) -> None:
        while self._settlements == settlements:
            self._raise_if_broken()
            await asyncio.sleep(_RETRY_MILLISECONDS / 1_000)
        await self._is_settled.wait()

    # Partitions come and go

    async def revoked(self) -> None:
        """All partitions are given up, most of them to come back at once."""
        self._is_settled.clear()
        if self._consumer._coordinator.generation != self._generation:
            self._lose(self.ledgers)  # the group has put us out: others may have them already
            self._generation = -1
            return
        await self._commit_for_a_while()

    async def assigned(self, partitions: Iterable[Any]) -> None:
        """These are ours from now on."""
        ours = frozenset(partitions)
        generation = self._consumer._coordinator.generation
        is_unbroken = self._generation >= 0 and generation == self._generation + 1
        self._generation = generation
        self._lose({each: self.ledgers[each] for each in self.ledgers if not is_unbroken or each not in ours})
        for partition, ledger in self.ledgers.items():
            if ledger.given_to >= 0:
                self._consumer.seek(partition, ledger.given_to - ledger.base)
        gained = [each for each in ours if each not in self.ledgers]
        self._epoch += 1
        for each in gained:
            self.ledgers[each] = Ledger(each.topic, each.partition, self._epoch)
        self._claim()
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
            ledger = self.ledgers[partition]
            ledger.repeated_below = ledger.base + end

    def _lose(self, lost: Mapping[Any, Ledger]) -> None:
        if not lost:
            return
        gone = dict(lost)
        for partition, ledger in gone.items():
            del self.ledgers[partition]
            self._held -= ledger.open
        ledgers = set(map(id, gone.values()))
        self.buffer = deque((ledger, raw) for ledger, raw in self.buffer if id(ledger) not in ledgers)
        self._claim()
        self._look_for_room()
        self._moved()

    def _claim(self) -> None:
        ours = frozenset((each.topic, each.partition) for each in self.ledgers)
        if isinstance(self._assignor, KeepingAssignor):
            self._assignor.claim = Claim(self._generation, ours)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the driver has no types
    """What the driver calls when partitions come and go."""

    def __init__(self, reader: GroupReader) -> None:
        self._reader = reader

    async def on_partitions_revoked(self, revoked: Any) -> None:
        del revoked  # always all
        await self._reader.revoked()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._reader.assigned(assigned)
