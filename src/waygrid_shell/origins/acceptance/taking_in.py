"""Takes traversals and events in: what this returns from is kept, and will run to its end.

Requests that come at once share their writes: while one group is written, the next one gathers. So a request costs a
share of a commit, and a slow disk makes groups larger before it makes anybody wait.
"""

import secrets
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import anyio
from attrs import define, field

from waygrid_core.dag.addresses import addresses_of
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_shell.origins.acceptance.items import Entropy, Item, Wanted, WantedEvent, event_item, traversal_item
from waygrid_shell.origins.acceptance.refusals import KeyReused
from waygrid_shell.origins.acceptance.room import Room
from waygrid_shell.ports.claim_book import Claim, ClaimBook
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.failure import PortFailure, Unavailable
from waygrid_shell.ports.journal import Journal
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import ACCEPTED

_WRITTEN_AT_ONCE: Final = 2_000
"""Traversals and events of one group, unless a single request has more."""

_PATIENCE_SECONDS: Final = 30.0
"""How long a request waits for the disk before it is told that it does not answer."""

_DAGS_REMEMBERED: Final = 10_000

_SYSTEM: Final = (WAYSTATION, SCHEDULER, INBOX)


@define(eq=False)
class _Ask:
    """What one request brought, and what came of it."""

    items: Sequence[Item]
    dags: Sequence[CompiledDag] = ()
    done: anyio.Event = field(factory=anyio.Event)
    ids: Sequence[str] = ()
    error: Exception | None = None
    is_given_up: bool = False


class Acceptance:
    """Serves `take_in` and `take_event` while it runs. `entropy` makes ids."""

    def __init__(
        self,
        *,
        event_log: EventLog,
        claim_book: ClaimBook,
        journal: Journal,
        dag_store: DagStore,
        clock: Clock,
        settings: ServerSettings,
        metrics: Metrics,
        entropy: Entropy = secrets.token_bytes,
    ) -> None:
        self._log = event_log
        self._claims = claim_book
        self._journal = journal
        self._dags = dag_store
        self._clock = clock
        self._metrics = metrics
        self._entropy = entropy
        self._room = Room(journal, event_log, settings)
        self._asks: deque[_Ask] = deque()
        self._has_asks = anyio.Event()
        self._stored: dict[DagHash, None] = {}
        self._made = 0

    async def run(self) -> None:
        """Serve until canceled. What ports fail at is told to who asked, and is no end."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._room.look_often)
            while True:
                while not self._asks:
                    self._has_asks = anyio.Event()
                    await self._has_asks.wait()
                await self._serve(self._next_group())

    async def take_in(self, wanted: Sequence[Wanted]) -> Sequence[TraversalId]:
        """Keep them all, or none; their traversals, in order. Raises `NoRoom`, `KeyReused` and what ports raise."""
        if not wanted:
            return []
        dags = {each.compiled.dag.hash: each.compiled for each in wanted}
        new = [compiled for dag_hash, compiled in dags.items() if dag_hash not in self._stored]
        now = self._clock.now()
        ask = _Ask([traversal_item(each, now, self._next_number(), self._entropy) for each in wanted], new)
        with self._room.for_traversals(len(wanted)):
            await self._wait_for(ask)
        return [TraversalId(each) for each in ask.ids]

    async def take_event(self, wanted: WantedEvent) -> str:
        """Keep an event for whoever waits for it, now or later; its id. Raises as `take_in`."""
        ask = _Ask([event_item(wanted, self._clock.now(), self._entropy)])
        with self._room.for_event():
            await self._wait_for(ask)
        return ask.ids[0]

    async def take_each(self, wanted: Sequence[Wanted | WantedEvent]) -> Sequence[str | KeyReused]:
        """Keep each by itself, whatever comes of the others: its traversal, or the id of its event, or its refusal.

        Raises `NoRoom` if there is no room for all of them, and what ports raise; then any of them may be kept.
        """
        now = self._clock.now()
        asks = [self._ask_for(each, now) for each in wanted]
        with self._room.for_traversals(sum(isinstance(each, Wanted) for each in wanted)):
            self._add(asks)
            for ask in asks:
                with suppress(KeyReused):
                    await self._outcome_of(ask)
        return [ask.error if isinstance(ask.error, KeyReused) else ask.ids[0] for ask in asks]

    @property
    def room(self) -> int:
        """How many traversals there is room for, as far as is known now."""
        return self._room.left

    def _ask_for(self, wanted: Wanted | WantedEvent, now: datetime) -> _Ask:
        if isinstance(wanted, WantedEvent):
            return _Ask([event_item(wanted, now, self._entropy)])
        new = () if wanted.compiled.dag.hash in self._stored else (wanted.compiled,)
        return _Ask([traversal_item(wanted, now, self._next_number(), self._entropy)], new)

    def _next_number(self) -> int:
        self._made = (self._made + 1) % 2**32
        return self._made

    async def _wait_for(self, ask: _Ask) -> None:
        self._add([ask])
        await self._outcome_of(ask)

    def _add(self, asks: Sequence[_Ask]) -> None:
        self._asks.extend(asks)
        self._has_asks.set()

    async def _outcome_of(self, ask: _Ask) -> None:
        """Wait for it; raises what came of it."""
        try:
            with anyio.fail_after(_PATIENCE_SECONDS):
                await ask.done.wait()
        except TimeoutError as error:
            raise Unavailable("event log", f"it has not written within {_PATIENCE_SECONDS:.0f} s") from error
        finally:
            ask.is_given_up = True  # of no meaning for one that is done
        if ask.error is not None:
            raise ask.error

    def _next_group(self) -> list[_Ask]:
        group: list[_Ask] = []
        size = 0
        while self._asks and (not group or size + len(self._asks[0].items) <= _WRITTEN_AT_ONCE):
            ask = self._asks.popleft()
            if not ask.is_given_up:
                group.append(ask)
                size += len(ask.items)
        return group

    async def _serve(self, group: Sequence[_Ask]) -> None:
        try:
            await self._write(group)
        except PortFailure as error:
            for ask in group:
                ask.error = ask.error or error
        finally:
            for ask in group:
                if not ask.ids and ask.error is None:  # we were canceled, or there is a bug
                    ask.error = Unavailable("event log", "the platform is stopping")
                ask.done.set()

    async def _write(self, group: Sequence[_Ask]) -> None:
        """One claim, one look at the journal if something came again, one publish: for all of them together."""
        for ask in group:
            try:
                for compiled in ask.dags:
                    await self._prepare_for(compiled)
            except Unavailable as error:  # what others ask for needs other topics
                ask.error = error
        group = [ask for ask in group if ask.error is None]
        for compiled in {each.dag.hash: each for ask in group for each in ask.dags}.values():
            await self._store(compiled)
        keyed = [Claim(item.key, TraversalId(item.id), item.note) for item in _items(group) if item.key is not None]
        held = {claim.key: claim for claim in (await self._claims.claim(keyed) if keyed else ())}
        ids = {id(ask): [_id_of(item, held) for item in ask.items] for ask in group}
        for ask in group:
            if any(item.key is not None and held[item.key].note != item.note for item in ask.items):
                ask.error = KeyReused("it came with another request before; a new request needs a new key")
        granted = [ask for ask in group if ask.error is None]
        begun = await self._begun_already(granted, ids)
        records: dict[str, TransportEnvelope] = {}
        accepted: Counter[str] = Counter()
        for ask in granted:
            sealed = {final: item.seal(final) for item, final in zip(ask.items, ids[id(ask)], strict=True)}
            new = {final: record for final, record in sealed.items() if final not in begun and final not in records}
            records |= new
            accepted.update(item.origin for item in ask.items if item.is_traversal and item.id in new)
        await self._publish(granted, list(records.values()))
        self._room.taken(accepted.total())
        for origin, count in accepted.items():
            self._metrics.count(ACCEPTED, origin, by=count)
        for ask in granted:
            ask.ids = ids[id(ask)]

    async def _begun_already(self, group: Sequence[_Ask], ids: Mapping[int, Sequence[str]]) -> frozenset[str]:
        """The traversals that came again and have begun. One that has not may never have been published: a crash."""
        again = [
            TraversalId(final)
            for ask in group
            for item, final in zip(ask.items, ids[id(ask)], strict=True)
            if item.is_traversal and final != item.id
        ]
        return frozenset(await self._journal.summaries(again) if again else ())

    async def _publish(self, group: Sequence[_Ask], records: Sequence[TransportEnvelope]) -> None:
        """Publish, and beside it claim what has no key, for whoever asks for a traversal that has not begun yet."""
        beside = [
            Claim(item.id, TraversalId(item.id), item.note)
            for item in _items(group)
            if item.is_traversal and item.key is None
        ]
        try:
            async with anyio.create_task_group() as tasks:
                if beside:
                    tasks.start_soon(self._claims.claim, beside)
                if records:
                    await self._log.publish(records)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def _prepare_for(self, compiled: CompiledDag) -> None:
        """Have the topics that its traversals send to: one that cannot be had would stop whoever sends to it."""
        if compiled.dag.hash not in self._stored:
            addresses = addresses_of([compiled.dag, *compiled.bodies.values()])
            await self._log.prepare([topic_name(each) for each in (*_SYSTEM, *sorted(addresses, key=str))])

    async def _store(self, compiled: CompiledDag) -> None:
        await self._dags.put(compiled)
        if len(self._stored) >= _DAGS_REMEMBERED:
            self._stored.clear()
        self._stored[compiled.dag.hash] = None


def _items(group: Sequence[_Ask]) -> list[Item]:
    return [item for ask in group for item in ask.items]


def _id_of(item: Item, held: Mapping[str, Claim]) -> str:
    return item.id if item.key is None else held[item.key].traversal
