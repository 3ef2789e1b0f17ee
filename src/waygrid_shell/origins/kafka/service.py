"""Reads the topics of the origins, and keeps what becomes of their records.

Where there is no room for more traversals (`server.max_unfinished`), records are not refused: they wait in Kafka.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Final

import anyio
from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.outcome import Failure
from waygrid_shell.origins.acceptance.items import Wanted, WantedEvent
from waygrid_shell.origins.acceptance.refusals import KeyReused, NoRoom
from waygrid_shell.origins.acceptance.taking_in import Acceptance
from waygrid_shell.origins.kafka.dead_record import TOPIC, dead_record, record_again
from waygrid_shell.origins.kafka.mapping import RecordMapping
from waygrid_shell.origins.kafka.spec import compiled_of
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.record_log import ForeignRecord, RecordLog
from waygrid_shell.settings.origins import KafkaOrigin
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import ORIGIN_RECORDS

_TAKEN_AT_ONCE: Final = 1_000
_LONGEST_WAIT_SECONDS: Final = 1.0
"""Until room is looked for again."""

_REUSED: Final = "a record with the same idempotency key came before, and its value was another"

_log = logging.getLogger(__name__)

Mapped = tuple[ForeignRecord, Wanted | WantedEvent]


@frozen
class _Unmapped:
    record: ForeignRecord
    reason: str


class KafkaOriginService:
    """All origins of the settings. `acceptance` must run meanwhile."""

    def __init__(
        self,
        origins: Sequence[KafkaOrigin],
        *,
        record_log: RecordLog,
        event_log: EventLog,
        dag_store: DagStore,
        acceptance: Acceptance,
        metrics: Metrics,
    ) -> None:
        self._origins = {origin.name: origin for origin in origins}
        self._records = record_log
        self._log = event_log
        self._dags = dag_store
        self._acceptance = acceptance
        self._metrics = metrics

    @property
    def services(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        """What reads each origin, and what has been redriven: to be supervised one by one. Raise what ports raise."""
        readers = {f"kafka origin {name}": partial(self._read, origin) for name, origin in self._origins.items()}
        return {**readers, "kafka origins, redriven": self._read_again} if readers else {}

    async def run(self) -> None:
        """All of `services`, until canceled or until one of them fails."""
        async with anyio.create_task_group() as tasks:
            for run in self.services.values():
                tasks.start_soon(run)
            await anyio.sleep_forever()

    async def _read(self, origin: KafkaOrigin) -> None:
        mapping = RecordMapping(origin, await compiled_of(origin, self._dags))
        await self._log.prepare([TOPIC])
        async with self._records.subscribe(origin.topics, origin.group) as subscription:
            while True:
                records = await subscription.take(_TAKEN_AT_ONCE)
                dead = [
                    dead_record(origin.name, each.record, each.reason) for each in await self._keep(mapping, records)
                ]
                await self._bury(dead)
                await subscription.acknowledge(records)

    async def _read_again(self) -> None:
        """Dead letters that somebody has sent here again."""
        mappings: dict[str, RecordMapping] = {}
        await self._log.prepare([TOPIC])
        async with self._log.subscribe([TOPIC]) as subscription:
            while True:
                deliveries = await subscription.take(_TAKEN_AT_ONCE)
                dead = [letter for each in deliveries for letter in await self._try_again(each.record, mappings)]
                await self._bury(dead)
                await subscription.acknowledge(deliveries)

    async def _try_again(
        self, envelope: TransportEnvelope, mappings: dict[str, RecordMapping]
    ) -> Sequence[TransportEnvelope]:
        """Nothing, or the letter that it becomes again."""
        read = record_again(envelope)
        if isinstance(read, Failure):
            return [dead_letter(envelope, read.failure())]
        name, record = read.unwrap()
        origin = self._origins.get(name)
        if origin is None:
            return [dead_letter(envelope, f"there is no Kafka origin {name!r} in the settings any more")]
        if name not in mappings:
            try:
                mappings[name] = RecordMapping(origin, await compiled_of(origin, self._dags))
            except Unavailable as error:
                return [dead_letter(envelope, str(error))]
        return [dead_letter(envelope, each.reason) for each in await self._keep(mappings[name], [record])]

    async def _bury(self, dead: Sequence[TransportEnvelope]) -> None:
        if dead:
            await self._log.publish(dead)

    async def _keep(self, mapping: RecordMapping, records: Sequence[ForeignRecord]) -> Sequence[_Unmapped]:
        """Keep what becomes of the records; those that nothing becomes of."""
        mapped: list[Mapped] = []
        unmapped: list[_Unmapped] = []
        for record in records:
            outcome = mapping.wanted(record)
            if isinstance(outcome, Failure):
                unmapped.append(_Unmapped(record, outcome.failure()))
            else:
                mapped.append((record, outcome.unwrap()))
        taken = await self._take_in([wanted for _, wanted in mapped])
        for (record, _), each in zip(mapped, taken, strict=True):
            if isinstance(each, KeyReused):
                unmapped.append(_Unmapped(record, _REUSED))
        self._tell(mapping.origin.name, len(records), unmapped)
        return unmapped

    async def _take_in(self, wanted: Sequence[Wanted | WantedEvent]) -> Sequence[str | KeyReused]:
        """As many at once as there is room for; waits for room."""
        taken: list[str | KeyReused] = []
        while len(taken) < len(wanted):
            following = wanted[len(taken)]
            room = self._acceptance.room if isinstance(following, Wanted) else _TAKEN_AT_ONCE
            part = wanted[len(taken) : len(taken) + max(1, room)]
            try:
                taken += await self._acceptance.take_each(part)
            except NoRoom as full:
                await anyio.sleep(min(full.retry_after_seconds, _LONGEST_WAIT_SECONDS))
        return taken

    def _tell(self, origin: str, count: int, unmapped: Sequence[_Unmapped]) -> None:
        if len(unmapped) < count:
            self._metrics.count(ORIGIN_RECORDS, origin, "taken", by=count - len(unmapped))
        if unmapped:
            self._metrics.count(ORIGIN_RECORDS, origin, "dead-letter", by=len(unmapped))
        for each in unmapped:
            record = each.record
            place = f"{record.topic}/{record.partition} at {record.offset}"
            _log.warning("a record of the Kafka origin %s becomes a dead letter: %s: %s", origin, place, each.reason)
