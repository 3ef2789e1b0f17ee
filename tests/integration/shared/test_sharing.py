"""What each service does when it shares its topic with others, and partitions go from one to the other."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, cast

import anyio
import pytest
from anyio.abc import TaskGroup
from attrs import evolve

from tests.integration.plant.running import compiled, work
from tests.integration.workers.test_desk import STOCK, request
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import NodeTraversalCancelRequested, TimerCancelRequested, TimerRequested
from waygrid_core.model.address import SCHEDULER, WAYSTATION
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_shell.adapters.memory.event_log import Keeping, MemoryEventLog
from waygrid_shell.adapters.memory.timer_book import MemoryTimerBook
from waygrid_shell.hosting import worker as worker_module
from waygrid_shell.hosting.post import seal
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.origins.batch.intake import Intake
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.timer_book import NOTHING_READ, Stretch, Timer, TimerBook
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.services.scheduler.service import Scheduler
from waygrid_shell.simulation.judging import check_journal
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio


@pytest.fixture
def log() -> MemoryEventLog:
    return MemoryEventLog(3, Keeping.ONE_POSITION)


@pytest.fixture
def ports(log: MemoryEventLog) -> Ports:
    return evolve(memory_ports(), event_log=log)


@asynccontextmanager
async def within_seconds() -> AsyncIterator[TaskGroup]:
    """Tasks that end with the context, which has a time to end in."""
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            yield tasks
            tasks.cancel_scope.cancel()


async def until(condition: Any) -> None:
    while not condition():
        await anyio.sleep(0.001)


async def worked_off(ports: Ports, topic: str) -> None:
    while topic in await ports.event_log.backlog():
        await anyio.sleep(0.001)


def worker(ports: Ports, app: App) -> Worker:
    return Worker(
        STOCK,
        app.served[STOCK],
        event_log=ports.event_log,
        seen_ledger=ports.seen_ledger,
        secret_vault=ports.secret_vault,
        clock=ports.clock,
    )


# --- the scheduler


def timer(ports: Ports, number: int, seconds: float, name: str = "id") -> TransportEnvelope:
    at = ports.clock.now() + timedelta(seconds=seconds)
    message = TimerRequested(TraversalId(f"T{number}"), TimerId(f"timer-{number}"), at)
    return seal(SCHEDULER, message, f"{name}-{number}", sender=WAYSTATION, sent_at=ports.clock.now())


def scheduler(ports: Ports) -> Scheduler:
    return Scheduler(event_log=ports.event_log, timer_book=ports.timer_book, clock=ports.clock)


class PausedBook(MemoryTimerBook):
    """A way to a book that stands still at its first write, or at its first unsetting, until it may go on."""

    def __init__(self, book: TimerBook, at: str) -> None:
        super().__init__()
        self._book = book
        self._at = at
        self.has_come, self.may_go_on, self.is_over = anyio.Event(), anyio.Event(), anyio.Event()

    @asynccontextmanager
    async def _standing(self, at: str) -> AsyncIterator[None]:
        if at == self._at:
            self.has_come.set()
            await self.may_go_on.wait()
        try:
            yield
        finally:
            if at == self._at:
                self.is_over.set()

    async def write(
        self, *, to_set: Sequence[Timer], to_unset: Sequence[TimerId], read: Mapping[int, Stretch] = NOTHING_READ
    ) -> None:
        async with self._standing("write"):
            await self._book.write(to_set=to_set, to_unset=to_unset, read=read)

    async def unset(self, timers: Sequence[Timer]) -> None:
        async with self._standing("unset"):
            await self._book.unset(timers)

    async def read_up_to(self, partitions: Set[int]) -> Mapping[int, int]:
        return await self._book.read_up_to(partitions)

    async def due(self, now: datetime, limit: int, partitions: Set[int]) -> Sequence[Timer]:
        return await self._book.due(now, limit, partitions)


def no_timer(ports: Ports, number: int) -> TransportEnvelope:
    message = TimerCancelRequested(TraversalId(f"T{number}"), TimerId(f"timer-{number}"))
    return seal(SCHEDULER, message, f"id-no-{number}", sender=WAYSTATION, sent_at=ports.clock.now())


async def test_a_scheduler_that_was_paused_sets_no_timer_that_another_has_unset_meanwhile(
    ports: Ports, log: MemoryEventLog
) -> None:
    """The bug that this noticed: a write that knew nothing of what others had written. The timer stayed."""
    paused = PausedBook(ports.timer_book, "write")
    async with within_seconds() as tasks:
        tasks.start_soon(scheduler(evolve(ports, timer_book=paused)).run)
        await until(lambda: log.readers("system.scheduler"))
        await log.publish([timer(ports, number, 3_600) for number in range(9)])
        await paused.has_come.wait()
        log.make_zombie("system.scheduler", log.readers("system.scheduler")[0])
        tasks.start_soon(scheduler(ports).run)
        await log.publish([no_timer(ports, number) for number in range(8)])
        await worked_off(ports, "system.scheduler")
        assert await ports.timer_book.count() == 1
        paused.may_go_on.set()
        await paused.is_over.wait()
        assert await ports.timer_book.count() == 1


async def test_a_request_that_is_sent_late_once_more_sets_no_timer_that_was_unset_since(
    ports: Ports, log: MemoryEventLog
) -> None:
    """As by a waystation that was paused between deciding and asking. The sweeper is heard: it looks first."""
    swept = seal(
        SCHEDULER,
        TimerRequested(TraversalId("T2"), TimerId("timer-2"), ports.clock.now() + timedelta(hours=1)),
        "again",
        sender=WAYSTATION,
        sent_at=ports.clock.now(),
        delivery=2,
    )
    async with within_seconds() as tasks:
        tasks.start_soon(scheduler(ports).run)
        await log.publish([timer(ports, 1, 3_600), no_timer(ports, 1), timer(ports, 1, 3_600)])
        await log.publish([swept, no_timer(ports, 2)])
        await worked_off(ports, "system.scheduler")
        await log.publish([timer(ports, 1, 3_600), swept])
        await worked_off(ports, "system.scheduler")
        assert await ports.timer_book.are_set([TimerId("timer-1"), TimerId("timer-2")]) == {TimerId("timer-2")}


async def test_a_timer_that_is_moved_while_it_fires_fires_again_at_its_new_instant(
    ports: Ports, log: MemoryEventLog
) -> None:
    paused = PausedBook(ports.timer_book, "unset")
    async with within_seconds() as tasks:
        tasks.start_soon(scheduler(evolve(ports, timer_book=paused)).run)
        await log.publish([timer(ports, 1, 0)])
        await paused.has_come.wait()
        await log.publish([timer(ports, 1, 0.2, "moved")])
        await worked_off(ports, "system.scheduler")
        paused.may_go_on.set()
        await paused.is_over.wait()
        while await ports.timer_book.count():
            await anyio.sleep(0.005)
        assert (await log.backlog())["system.waystation"] == 2


async def test_after_its_topic_was_made_anew_a_scheduler_sets_what_is_asked_for(
    ports: Ports, log: MemoryEventLog
) -> None:
    """Its offsets begin again, below those that the book knows."""
    await ports.timer_book.write(to_set=[], to_unset=[], read=dict.fromkeys(range(3), Stretch(0, 1_000_000)))
    async with within_seconds() as tasks:
        tasks.start_soon(scheduler(ports).run)
        await log.publish([timer(ports, number, 3_600) for number in range(9)])
        await worked_off(ports, "system.scheduler")
        assert await ports.timer_book.count() == 9


async def test_timers_of_partitions_that_the_topic_no_longer_has_are_fired(ports: Ports, log: MemoryEventLog) -> None:
    """The bug that this noticed: each fired those of its partitions, and nobody those of the others."""
    due = ports.clock.now()
    strays = [Timer(TimerId(f"{number}"), TraversalId("T"), due, number) for number in range(12)]
    await ports.timer_book.write(to_set=strays, to_unset=[])
    async with within_seconds() as tasks:
        tasks.start_soon(scheduler(ports).run)
        tasks.start_soon(scheduler(ports).run)
        while await ports.timer_book.count():
            await anyio.sleep(0.005)
        assert (await log.backlog())["system.waystation"] == 12


async def test_schedulers_fire_the_timers_of_their_partitions_and_who_inherits_one_fires_what_is_due(
    ports: Ports, log: MemoryEventLog
) -> None:
    life = anyio.CancelScope()

    async def mortal() -> None:
        with life:
            await scheduler(ports).run()

    async with within_seconds() as tasks:
        tasks.start_soon(scheduler(ports).run)
        tasks.start_soon(mortal)
        await until(lambda: len(log.readers("system.scheduler")) == 2)
        await log.publish([timer(ports, number, 0.5) for number in range(30)])
        await worked_off(ports, "system.scheduler")
        due = await ports.timer_book.due(ports.clock.now() + timedelta(hours=1), 100, {0, 1, 2})
        assert {each.partition for each in due} == {0, 1, 2}
        life.cancel()  # before they are due: what it would have fired falls to the one that is left
        while await ports.timer_book.count():
            await anyio.sleep(0.005)
        assert (await log.backlog())["system.waystation"] == 30


# --- the worker


class Stock:
    """Makes attempts that wait until they may end."""

    def __init__(self) -> None:
        self.made: Counter[int] = Counter()
        self.may_end = anyio.Event()

    def app(self, answer: Any = None, concurrency: int = 1) -> App:
        app = App()

        @app.processor("stock", concurrency=concurrency)
        async def stock(given: Any) -> Any:
            self.made[given["n"]] += 1
            await self.may_end.wait()
            return answer

        return app


async def test_what_a_worker_has_not_begun_goes_to_the_one_that_its_partition_goes_to(
    ports: Ports, log: MemoryEventLog
) -> None:
    stock = Stock()
    async with within_seconds() as tasks:
        tasks.start_soon(worker(ports, stock.app()).run)
        await log.publish([_at(key, number) for number, key in enumerate("abcdefghijklmnop")])
        await until(lambda: len(stock.made) == 1)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(worker(ports, stock.app(concurrency=16)).run)
        await until(lambda: len(log.readers("processor.stock")) == 2)
        await anyio.wait_all_tasks_blocked()
        begun_by_the_second = len(stock.made) - 1
        assert 0 < begun_by_the_second < 15
        stock.may_end.set()
        await worked_off(ports, "processor.stock")
    assert set(stock.made.values()) <= {1, 2}
    assert sum(stock.made.values()) <= 17, "only what the first one had begun may be made twice"
    assert len(stock.made) == 16


def _at(key: str, number: int) -> TransportEnvelope:
    record = request(number)
    return TransportEnvelope(topic=record.topic, key=key, headers=record.headers, value=record.value)


async def test_a_worker_takes_only_so_much_as_it_may_hold(
    ports: Ports, log: MemoryEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "MAX_WAITING", 10)
    monkeypatch.setattr(worker_module, "_TAKEN_AT_ONCE", 5)
    stock = Stock()
    async with within_seconds() as tasks:
        tasks.start_soon(worker(ports, stock.app()).run)
        await log.publish([_at("k", number) for number in range(100)])
        await anyio.wait_all_tasks_blocked()
        (reader,) = log.readers("processor.stock")
        assert 80 <= len(await reader.take(100)) <= 90
        stock.may_end.set()


async def test_a_request_that_comes_after_its_cancel_is_not_worked_on(ports: Ports, log: MemoryEventLog) -> None:
    stock = Stock()
    late = request(1)
    assert late.sealed is not None
    wanted = cast(Any, late.sealed.message)
    cancel = NodeTraversalCancelRequested(traversal=wanted.traversal, node=wanted.node, attempt=wanted.attempt)
    async with within_seconds() as tasks:
        tasks.start_soon(worker(ports, stock.app()).run)
        await log.publish([seal(STOCK, cancel, "cancel", sender=WAYSTATION, sent_at=ports.clock.now())])
        await worked_off(ports, "processor.stock")
        await log.publish([late])
        await worked_off(ports, "processor.stock")
    assert not stock.made


async def test_a_request_that_comes_once_more_after_its_cancel_is_not_worked_on_again(
    ports: Ports, log: MemoryEventLog
) -> None:
    """A waystation that was slow to send it sends it after another has sent both."""
    stock = Stock()
    wanted = request(1)
    assert wanted.sealed is not None
    message = cast(Any, wanted.sealed.message)
    cancel = NodeTraversalCancelRequested(traversal=message.traversal, node=message.node, attempt=message.attempt)
    async with within_seconds() as tasks:
        tasks.start_soon(worker(ports, stock.app()).run)
        await log.publish([wanted])
        await until(lambda: len(stock.made) == 1)
        await log.publish([seal(STOCK, cancel, "cancel", sender=WAYSTATION, sent_at=ports.clock.now())])
        await worked_off(ports, "processor.stock")
        await log.publish([wanted])
        await worked_off(ports, "processor.stock")
    assert set(stock.made.values()) == {1}


async def test_of_a_worker_that_lost_its_partition_and_its_heir_the_first_answer_counts(
    ports: Ports, log: MemoryEventLog
) -> None:
    slow, quick = Stock(), Stock()
    quick.may_end.set()
    dag = compiled({"entryPoints": [work("stock", input={"n": 1})]})
    await ports.dag_store.put(dag)
    intake = Intake(event_log=log, claim_book=ports.claim_book, clock=ports.clock)
    claimed = await intake.claim([Payload("#1", {})], dag.dag, entry=0, batch="")
    async with within_seconds() as tasks:
        for run in Crew(ports, {}, Metrics()).services.values():
            tasks.start_soon(run)
        tasks.start_soon(worker(ports, slow.app("the zombie's")).run)
        await intake.request(claimed, dag.dag, entry=0)
        await until(lambda: slow.made[1] == 1)
        (zombie,) = log.readers("processor.stock")
        tasks.start_soon(worker(ports, quick.app("the heir's")).run)
        log.make_zombie("processor.stock", zombie)
        while await ports.journal.unfinished():
            await anyio.sleep(0.001)
        slow.may_end.set()
        await anyio.wait_all_tasks_blocked()
        log.wake("processor.stock", zombie)
        await worked_off(ports, "processor.stock")
        await worked_off(ports, "system.waystation")
    (traversal,) = [each.traversal for each in claimed]
    assert (await ports.journal.summaries([traversal]))[traversal].output == "the heir's"
    assert (slow.made[1], quick.made[1]) == (1, 1)
    await check_journal(ports, traversal)


# --- the waystation


async def test_poison_does_not_stop_its_partition_and_what_is_cured_can_be_driven_again(
    ports: Ports, log: MemoryEventLog
) -> None:
    app = App()

    @app.processor("stock")
    async def stock(given: Any) -> Any:
        return "sold"

    dag = compiled({"entryPoints": [work("stock")]})
    intake = Intake(event_log=log, claim_book=ports.claim_book, clock=ports.clock)
    claimed = await intake.claim([Payload(f"#{number}", number) for number in range(9)], dag.dag, entry=0, batch="")
    stranger = compiled({"entryPoints": [{"type": "pass"}]})  # a DAG that nobody has stored yet
    lost = await intake.claim([Payload("#lost", {})], stranger.dag, entry=0, batch="")
    await ports.dag_store.put(dag)
    garbage = [
        TransportEnvelope(
            topic=topic, key=claim.traversal, headers={"ce_id": f"{topic}{claim.traversal}"}, value=b"\xff"
        )
        for topic in ("system.waystation", "system.scheduler", "system.inbox", "processor.stock")
        for claim in claimed
    ]
    async with within_seconds() as tasks:
        for run in Crew(ports, app.served, Metrics()).services.values():
            tasks.start_soon(run)
        for number, claim in enumerate(claimed):
            await log.publish(garbage[number::9])
            await intake.request([claim], dag.dag, entry=0)
        await intake.request(lost, stranger.dag, entry=0)
        while len(await ports.journal.summaries([each.traversal for each in claimed])) < 9:
            await anyio.sleep(0.001)
        for topic in ("system.waystation", "system.scheduler", "system.inbox", "processor.stock"):
            await worked_off(ports, topic)
        assert await ports.journal.unfinished() == []
        letters = await log.dead_letters(limit=1_000)
        assert Counter(each.record.topic for each in letters) == {
            "system.waystation": 10,
            "system.scheduler": 9,
            "system.inbox": 9,
            "processor.stock": 9,
        }
        (letter,) = [each for each in letters if each.record.id and not each.record.id.startswith(("system", "proc"))]
        await ports.dag_store.put(stranger)
        assert await log.redrive([letter.position]) == 1
        await worked_off(ports, "system.waystation")
        (ended,) = (await ports.journal.summaries([lost[0].traversal])).values()
        assert ended.status == "Completed"


class AlwaysOvertaken:
    """A journal in which somebody else has always been first."""

    def __init__(self, ports: Ports) -> None:
        self._journal = ports.journal
        self.tries = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def commit(self, changes: Sequence[Any]) -> None:
        self.tries += 1
        raise VersionConflict(changes[0].state.traversal, changes[0].base)


async def test_a_waystation_that_is_always_overtaken_gives_up_after_some_tries(ports: Ports) -> None:
    dag = compiled({"entryPoints": [{"type": "pass"}]})
    await ports.dag_store.put(dag)
    intake = Intake(event_log=ports.event_log, claim_book=ports.claim_book, clock=ports.clock)
    await intake.request(await intake.claim([Payload("#1", {})], dag.dag, entry=0, batch=""), dag.dag, entry=0)
    overtaken = AlwaysOvertaken(ports)
    crew = Crew(evolve(ports, journal=cast(Any, overtaken)), {}, Metrics())
    with anyio.fail_after(30), pytest.raises(BaseExceptionGroup) as raised:
        await crew.services["waystation"]()
    assert all(isinstance(leaf, VersionConflict) for leaf in leaves_of(raised.value))
    assert 1 < overtaken.tries < 20
