"""Many requests cost few writes, and a request that comes again is the same request."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest
from attrs import evolve

from tests.integration.api.serving import LONG
from tests.integration.plant.running import compiled, work
from tests.integration.plant.tripwire import Tripwire
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_shell.origins.acceptance.items import Wanted, WantedEvent
from waygrid_shell.origins.acceptance.refusals import KeyReused, NoRoom
from waygrid_shell.origins.acceptance.taking_in import Acceptance
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

PASS = compiled({"entryPoints": [{"type": "pass"}]})
GO = WantedEvent(event="go", key="key", data={})
OTHER = compiled({"entryPoints": [{"type": "pass", "output": 1}]})


def acceptance_over(ports: Ports, settings: ServerSettings | None = None, metrics: Metrics | None = None) -> Acceptance:
    return Acceptance(
        event_log=ports.event_log,
        claim_book=ports.claim_book,
        journal=ports.journal,
        dag_store=ports.dag_store,
        clock=ports.clock,
        settings=settings or ServerSettings(),
        metrics=metrics or Metrics(),
    )


@asynccontextmanager
async def running(acceptance: Acceptance) -> AsyncIterator[Acceptance]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(acceptance.run)
        yield acceptance
        tasks.cancel_scope.cancel()


def wanted(key: str | None = None, payload: Any = None, **fields: Any) -> Wanted:
    return Wanted(compiled=fields.pop("dag", PASS), payload=payload, idempotency_key=key, **fields)


def paid(amount: int, key: str | None) -> WantedEvent:
    return WantedEvent(event="paid", key="order-1", data={"sum": amount}, idempotency_key=key)


async def requested(ports: Ports) -> list[str]:
    """The traversals that the waystation was asked for, by their ids; one that was asked for again, again."""
    topic = topic_name(WAYSTATION)
    count = (await ports.event_log.backlog()).get(topic, 0)
    if not count:
        return []
    records: list[TransportEnvelope] = []
    async with ports.event_log.subscribe([topic]) as subscription:
        with anyio.fail_after(LONG):
            while len(records) < count:  # each partition gives its own
                records += [delivery.record for delivery in await subscription.take(10_000)]
    subjects = [str(record.headers["ce_subject"]) for record in records]
    assert len({record.id for record in records}) == len(set(subjects)), "asked for again, it is the same message"
    return sorted(subjects)


async def test_each_is_kept_and_has_an_id_of_its_own_in_the_order_of_asking(ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        first = await acceptance.take_in([wanted(), wanted(), wanted()])
        second = await acceptance.take_in([wanted()])
    ids = [*first, *second]
    assert sorted(set(ids)) == ids
    assert await requested(ports) == ids
    assert set(await ports.claim_book.notes(ids)) == set(ids)


async def test_requests_that_come_at_once_share_their_writes() -> None:
    wire = Tripwire(0, "before")
    ports = wire.around(memory_ports())
    acceptance = acceptance_over(ports)
    ids: list[str] = []

    async def ask() -> None:
        ids.extend(await acceptance.take_in([wanted()]))

    async with anyio.create_task_group() as tasks:
        for _ in range(500):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        async with running(acceptance):
            while len(ids) < 500:
                await anyio.sleep(0)
    assert wire.calls == 2, "one claim and one publish of them all"
    assert sorted(await requested(ports)) == sorted(ids)


async def test_the_same_key_is_the_same_traversal(ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        (first,) = await acceptance.take_in([wanted("k", {"a": 1})])
        again = await acceptance.take_in([wanted("k", {"a": 1})])
        both = await acceptance.take_in([wanted("k", {"a": 1}), wanted("l", {"a": 1})])
    assert [first] == list(again) == [both[0]]
    assert both[1] != first
    assert set(await requested(ports)) == {first, both[1]}


async def test_what_has_begun_is_not_asked_for_again(ports: Ports) -> None:
    wire = Tripwire(0, "before")
    async with embedded_plant(ports, {}), running(acceptance_over(wire.around(ports))) as acceptance:
        (traversal,) = await acceptance.take_in([wanted("k")])
        with anyio.fail_after(60):
            while traversal not in await ports.journal.summaries([traversal]):
                await anyio.sleep(0.01)
        before = wire.calls
        assert list(await acceptance.take_in([wanted("k")])) == [traversal]
    assert wire.calls == before + 1, "a claim, and nothing published"


@pytest.mark.parametrize(
    "other",
    [
        wanted("k", {"a": 2}),
        wanted("k", {"a": 1}, dag=OTHER),
        wanted("k", {"a": 1}, name="n"),
        wanted("k", {"a": 1}, labels={"l": "1"}),
        wanted("k", {"a": 1}, request="another batch"),
    ],
)
async def test_a_key_that_comes_with_another_request_is_refused_and_nothing_begins(other: Wanted, ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        (first,) = await acceptance.take_in([wanted("k", {"a": 1})])
        with pytest.raises(KeyReused):
            await acceptance.take_in([wanted(), other])
    assert await requested(ports) == [first]


async def test_what_one_request_does_wrong_is_not_told_to_those_that_came_with_it(ports: Ports) -> None:
    acceptance = acceptance_over(ports)
    outcomes: list[str] = []

    async def ask(request: Wanted) -> None:
        try:
            outcomes.extend(await acceptance.take_in([request]))
        except KeyReused:
            outcomes.append("reused")

    async with anyio.create_task_group() as tasks:
        for request in (wanted("k", 1), wanted("k", 2), wanted("m", 1)):
            tasks.start_soon(ask, request)
        await anyio.wait_all_tasks_blocked()
        async with running(acceptance):
            while len(outcomes) < 3:
                await anyio.sleep(0)
    assert outcomes.count("reused") == 1
    assert len(await requested(ports)) == 2


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_whatever_write_was_the_last_before_a_crash_asking_again_begins_it_once(at: int, moment: Any) -> None:
    ports = memory_ports()
    await ports.dag_store.put(PASS)
    async with running(acceptance_over(Tripwire(at, moment).around(ports))) as dying:
        with pytest.raises(Unavailable):
            await dying.take_in([wanted("k", {"a": 1})])
    async with running(acceptance_over(ports)) as acceptance:
        (traversal,) = await acceptance.take_in([wanted("k", {"a": 1})])
        assert [traversal] == list(await acceptance.take_in([wanted("k", {"a": 1})]))
    assert set(await requested(ports)) == {traversal}


async def test_a_port_that_fails_is_told_to_who_asked_and_is_not_the_end() -> None:
    ports = memory_ports()
    wire = Tripwire(1, "before")
    async with running(acceptance_over(wire.around(ports))) as acceptance:
        with pytest.raises(Unavailable):
            await acceptance.take_in([wanted()])
        wire.at = 0
        assert await acceptance.take_in([wanted()]) == await requested(ports)


async def test_there_is_room_for_so_many_requests_and_no_more() -> None:
    ports = memory_ports()
    acceptance = acceptance_over(ports, ServerSettings(max_waiting_submissions=3))
    taken: list[str] = []

    async def ask() -> None:
        taken.extend(await acceptance.take_in([wanted()]))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(NoRoom) as refused:
            await acceptance.take_in([wanted()])
        assert refused.value.retry_after_seconds > 0
        with pytest.raises(NoRoom):
            await acceptance.take_event(GO)
        async with running(acceptance):
            while len(taken) < 3:
                await anyio.sleep(0)
    async with running(acceptance):
        assert len(await acceptance.take_in([wanted()])) == 1


async def test_there_is_room_for_so_many_traversals_under_way_and_no_more() -> None:
    ports = memory_ports()
    async with running(acceptance_over(ports, ServerSettings(max_unfinished=10))) as acceptance:
        await acceptance.take_in([wanted()] * 10)
        with pytest.raises(NoRoom):
            await acceptance.take_in([wanted()])
        await acceptance.take_event(GO)


async def test_what_was_taken_in_before_a_restart_and_has_not_begun_takes_room_too() -> None:
    ports, settings = memory_ports(), ServerSettings(max_unfinished=10)
    async with running(acceptance_over(ports, settings)) as acceptance:
        await acceptance.take_in([wanted()] * 10)
    async with running(acceptance_over(ports, settings)) as acceptance:
        await anyio.wait_all_tasks_blocked()  # it has looked
        with pytest.raises(NoRoom):
            await acceptance.take_in([wanted()])


async def test_who_waits_for_the_disk_takes_room_too() -> None:
    acceptance = acceptance_over(memory_ports(), ServerSettings(max_unfinished=10))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(acceptance.take_in, [wanted()] * 10)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(NoRoom):
            await acceptance.take_in([wanted()])
        tasks.cancel_scope.cancel()
    async with running(acceptance):
        assert len(await acceptance.take_in([wanted()] * 10)) == 10


async def test_who_gives_up_before_it_is_written_leaves_nothing() -> None:
    ports = memory_ports()
    acceptance = acceptance_over(ports)
    with anyio.move_on_after(0.01) as gave_up:
        await acceptance.take_in([wanted()])
    assert gave_up.cancelled_caught
    async with running(acceptance):
        (traversal,) = await acceptance.take_in([wanted()])
    assert await requested(ports) == [traversal]


async def test_what_was_accepted_is_counted_once() -> None:
    ports, metrics = memory_ports(), Metrics()
    async with running(acceptance_over(ports, metrics=metrics)) as acceptance:
        await acceptance.take_in([wanted("k"), wanted(), wanted()])
        await acceptance.take_in([wanted("k")])
    assert 'waygrid_traversals_accepted_total{origin="http"} 3.0' in metrics.text().decode()


async def events_of(ports: Ports) -> Sequence[str]:
    async with ports.event_log.subscribe([topic_name(INBOX)]) as subscription:
        return [delivery.record.id for delivery in await subscription.take(100)]


async def test_an_event_under_its_key_is_one_event_and_no_traversal(ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        first = await acceptance.take_event(paid(1, "k"))
        assert first == await acceptance.take_event(paid(1, "k"))
        other = await acceptance.take_event(paid(1, None))
        with pytest.raises(KeyReused):
            await acceptance.take_event(paid(2, "k"))
    assert other != first
    assert set(await events_of(ports)) == {first, other}


async def test_of_those_that_come_together_each_is_kept_or_refused_by_itself(ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        (first,) = await acceptance.take_in([wanted("k", 1)])
        again, reused, new, event = await acceptance.take_each(
            [wanted("k", 1), wanted("k", 2), wanted("other", 2), paid(1, None)]
        )
    assert again == first
    assert isinstance(reused, KeyReused)
    assert list(dict.fromkeys(await requested(ports))) == [first, new]
    assert (await ports.event_log.backlog())[topic_name(INBOX)] == 1
    assert isinstance(event, str)


async def test_what_stands_for_all_that_a_request_says_is_all_that_is_compared(ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        (first,) = await acceptance.take_in([wanted("k", 1, said="the same")])
        assert await acceptance.take_in([wanted("k", 2, dag=OTHER, said="the same")]) == [first]
        with pytest.raises(KeyReused):
            await acceptance.take_in([wanted("k", 1, said="another")])


async def test_origins_have_keys_of_their_own(ports: Ports) -> None:
    async with running(acceptance_over(ports)) as acceptance:
        (over_http,) = await acceptance.take_in([wanted("k")])
        (elsewhere,) = await acceptance.take_in([wanted("k", origin=ServiceAddress("origin", "kafka"))])
        assert over_http != elsewhere


async def test_a_spec_whose_topics_cannot_be_had_is_refused_before_anything_is_kept_and_others_are_not() -> None:
    ports = memory_ports()
    forbidden = compiled({"entryPoints": [{"type": "call", "body": work("forbidden")}]})

    class Guarded:
        """An event log in which not everybody may have every topic."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ports.event_log, name)

        async def prepare(self, topics: Sequence[str]) -> None:
            if "processor.forbidden" in topics:
                raise Unavailable("event log", "there is no topic processor.forbidden, and none may be made")
            assert set(topics) >= {"system.waystation", "system.scheduler", "system.inbox"}

    acceptance = acceptance_over(evolve(ports, event_log=cast(Any, Guarded())))
    refusals: list[str] = []
    ids: list[TraversalId] = []

    async def ask(wishes: Sequence[Wanted]) -> None:
        try:
            ids.extend(await acceptance.take_in(wishes))
        except Unavailable as error:
            refusals.append(str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, [wanted("k"), wanted("l", dag=forbidden)])
        tasks.start_soon(ask, [wanted("m")])
        await anyio.wait_all_tasks_blocked()
        async with running(acceptance):
            while len(ids) + len(refusals) < 2:
                await anyio.sleep(0)
    assert await requested(ports) == ids
    assert len(refusals) == 1
    assert "processor.forbidden" in refusals[0]
    assert await ports.dag_store.get(forbidden.dag.hash) is None
    assert set(await ports.claim_book.notes(ids)) == set(ids)
