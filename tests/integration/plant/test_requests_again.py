"""Requests and other messages that come again, at the worst of moments."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest
from attrs import evolve

from tests.integration.api.serving import platform_over
from tests.integration.workers.test_desk import STOCK, request
from waygrid_core.children.derive import plan_for
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import TraversalRequested
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.outbox import AnswersStepByStep
from waygrid_shell.hosting.post import seal
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.origins.acceptance.items import Wanted
from waygrid_shell.origins.batch.intake import BATCH
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.ports.journal import Decision
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.services.waystation.service import Waystation

pytestmark = pytest.mark.anyio


class SlowDisk:
    """Keeps answers, and says what is kept, only once it is let to."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.may_keep, self.may_tell = anyio.Event(), anyio.Event()
        self.asked = 0

    async def answer(self, answers: Sequence[Answer], records: Sequence[TransportEnvelope]) -> None:
        await self.may_keep.wait()
        both = AnswersStepByStep(seen_ledger=self._ports.seen_ledger, event_log=self._ports.event_log)
        await both.answer(answers, records)

    async def recall(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        known = await self._ports.seen_ledger.recall(keys)
        self.asked += 1
        await self.may_tell.wait()
        return known


@pytest.mark.parametrize("is_kept_first", [True, False], ids=["kept while it asks", "kept after it has asked"])
async def test_an_attempt_whose_answer_is_being_kept_is_not_made_again(is_kept_first: bool) -> None:
    ports = memory_ports()
    disk = SlowDisk(ports)
    app = App()
    made: list[Any] = []

    @app.processor("stock")
    async def stock(given: Any) -> Any:
        made.append(given)
        return given

    worker = Worker(
        STOCK,
        app.served[STOCK],
        event_log=ports.event_log,
        seen_ledger=cast(Any, disk),
        secret_vault=ports.secret_vault,
        clock=ports.clock,
        outbox=disk,
    )
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run)
            await ports.event_log.publish([request(1)])
            await anyio.wait_all_tasks_blocked()
            await ports.event_log.publish([request(1, version=2)])
            await anyio.wait_all_tasks_blocked()
            assert (len(made), disk.asked) == (1, 1)
            for event in (disk.may_keep, disk.may_tell) if is_kept_first else (disk.may_tell, disk.may_keep):
                event.set()
                await anyio.wait_all_tasks_blocked()
            while "processor.stock" in await ports.event_log.backlog():
                await anyio.sleep(0)
            await ports.event_log.publish([request(1, version=3)])  # now the ledger alone has the answer
            while "processor.stock" in await ports.event_log.backlog():
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()
    assert made == [{"n": 1}]


class Unacknowledged:
    """An event log that crashes before it hears what is done."""

    generation = 0

    def __init__(self, ports: Ports) -> None:
        self._log = ports.event_log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[Any]:
        async with self._log.subscribe(topics) as subscription:
            self.take = subscription.take
            yield self

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        del deliveries


class Counting:
    """A journal that counts who looks for which traversal, and who reads the story of which."""

    def __init__(self, ports: Ports) -> None:
        self._journal = ports.journal
        self.looked_for: Counter[str] = Counter()
        self.read: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def load(self, traversals: Sequence[TraversalId]) -> Any:
        self.looked_for.update(traversals)
        return await self._journal.load(traversals)

    async def decisions(self, traversal: TraversalId) -> Sequence[Decision]:
        self.read[traversal] += 1
        return await self._journal.decisions(traversal)


def waystation(ports: Ports) -> Waystation:
    return Waystation(
        event_log=ports.event_log,
        journal=ports.journal,
        dag_store=ports.dag_store,
        live_feed=ports.live_feed,
        clock=ports.clock,
    )


async def test_however_much_of_a_traversal_comes_again_its_story_is_not_read_for_it() -> None:
    ports = memory_ports()
    body: dict[str, Any] = {"type": "standard", "address": str(STOCK)}
    spec: dict[str, Any] = {"entryPoints": [{"type": "each", "over": {"$from": "/payload"}, "body": body}]}
    compiled = compile_document(spec).unwrap()
    app = App()

    @app.processor("stock")
    async def stock(given: Any) -> Any:
        return given

    worker = Worker(
        STOCK,
        app.served[STOCK],
        event_log=ports.event_log,
        seen_ledger=ports.seen_ledger,
        secret_vault=ports.secret_vault,
        clock=ports.clock,
    )
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            platform = platform_over(ports)
            tasks.start_soon(platform.acceptance.run)
            tasks.start_soon(worker.run)
            tasks.start_soon(waystation(evolve(ports, event_log=cast(Any, Unacknowledged(ports)))).run)
            (traversal,) = await platform.acceptance.take_in([Wanted(compiled=compiled, payload=[*range(20)])])
            while not (found := await ports.journal.summaries([traversal])) or found[traversal].ended_at is None:
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()
        counting = Counting(ports)
        assert (await ports.event_log.backlog())["system.waystation"] > 40
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waystation(evolve(ports, journal=cast(Any, counting))).run)
            while "system.waystation" in await ports.event_log.backlog():
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()
    assert not counting.read


async def test_who_begins_is_not_looked_for_and_begins_once_however_often_that_is_asked() -> None:
    ports = memory_ports()
    counting = Counting(ports)
    short = compile_document({"entryPoints": [{"type": "pass"}]}).unwrap()
    long = compile_document({"entryPoints": [{"type": "standard", "address": str(STOCK)}]}).unwrap()
    now = ports.clock.now()
    requests = []
    for number, compiled in enumerate((short, long, long)):
        await ports.dag_store.put(compiled)
        traversal = TraversalId(f"T{number}")
        message = TraversalRequested(traversal=traversal, plan=plan_for(compiled.dag), payload={}, root=traversal)
        requests.append(seal(WAYSTATION, message, f"request-{number}", sender=BATCH, sent_at=now))

    async def heard(*records: TransportEnvelope) -> None:
        await ports.event_log.publish(records)
        while "system.waystation" in await ports.event_log.backlog():
            await anyio.sleep(0)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waystation(evolve(ports, journal=cast(Any, counting))).run)
            await heard(*requests[:2])
            assert not counting.looked_for
            await heard(*requests)  # one that has ended, one that has not, one that is new
            tasks.cancel_scope.cancel()
    assert counting.looked_for.keys() == {"T0", "T2"}, "who was at hand stayed there"
    for number in range(3):
        (begun,) = await ports.journal.decisions(TraversalId(f"T{number}"))
        assert begun.cause == f"request-{number}"
