"""What traversals wait for and is nowhere is sent again, and nothing else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import anyio
import pytest
from attrs import evolve

from tests.integration.plant.running import compiled, running_plant, work
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import (
    Message,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    RunTraversalEnded,
    TimerFired,
    TimerRequested,
    TraversalRequested,
)
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.post import unseal
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.chores import sweeper_of
from waygrid_shell.runtime.embedded import EmbeddedPlant
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.services.waystation.sweeper import Swept

pytestmark = pytest.mark.anyio

LATER: dict[str, Any] = {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "30ms"}}
AWAIT: dict[str, Any] = {"type": "await", "event": "go"}
CALL: dict[str, Any] = {"type": "call", "body": work("step")}
LOOP: dict[str, Any] = {
    "type": "loop",
    "until": {"type": "JsonExists", "pointer": "/done"},
    "atMost": 3,
    "body": work("step"),
}


class Losing:
    """An event log that loses the first message of a kind to a topic."""

    def __init__(self, ports: Ports, topic: str, kind: type[Message], *, is_child: bool = False) -> None:
        self._log = ports.event_log
        self._topic, self._kind, self._is_child = topic, kind, is_child
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        await self._log.publish([record for record in records if not self._loses(record)])

    def _loses(self, record: TransportEnvelope) -> bool:
        message = unseal(record).unwrap()
        if self.lost or record.topic != self._topic or not isinstance(message, self._kind):
            return False
        if self._is_child and (not isinstance(message, TraversalRequested) or message.parent is None):
            return False
        self.lost += 1
        return True


class MovedClock:
    """The clock of the ports, some time later."""

    def __init__(self, ports: Ports) -> None:
        self._clock = ports.clock
        self.later = timedelta(0)

    def now(self) -> datetime:
        return self._clock.now() + self.later


def app() -> App:
    app = App()

    @app.processor("step")
    async def step(given: Any) -> Any:
        return {"done": True}

    return app


async def begin(plant: EmbeddedPlant, document: dict[str, Any]) -> TraversalId:
    dag = compiled(document)
    await plant.ports.dag_store.put(dag)
    claimed = await plant.intake.claim([Payload("#1", {})], dag.dag, entry=0, batch="")
    await plant.intake.request(claimed, dag.dag, entry=0)
    return claimed[0].traversal


async def send(plant: EmbeddedPlant, traversal: TraversalId) -> None:
    await plant.intake.send(plant.intake.events([GivenEvent("x", "go", None, {})], [traversal], batch=""))


async def come_to_rest(plant: EmbeddedPlant) -> None:
    with anyio.fail_after(30):
        while await plant.standstill() is None:
            await anyio.sleep(0.005)


@pytest.mark.parametrize(
    ("node", "topic", "kind", "is_child"),
    [
        (work("step"), "processor.step", NodeTraversalRequested, False),
        (work("step"), "system.waystation", NodeTraversalSucceeded, False),
        (LATER, "system.scheduler", TimerRequested, False),
        (LATER, "system.waystation", TimerFired, False),
        (AWAIT, "system.inbox", NodeTraversalRequested, False),
        (AWAIT, "system.waystation", NodeTraversalSucceeded, False),
        (CALL, "system.waystation", TraversalRequested, True),
        (CALL, "system.waystation", NodeTraversalSucceeded, False),
        (LOOP, "system.waystation", TraversalRequested, True),
        (LOOP, "system.waystation", RunTraversalEnded, False),
    ],
)
async def test_whatever_was_lost_is_found_missing_once_and_the_traversal_ends(
    ports: Ports, node: dict[str, Any], topic: str, kind: Any, is_child: bool
) -> None:
    ports = evolve(ports, outbox=None)  # one that writes all in one commit loses nothing
    losing = Losing(ports, topic, kind, is_child=is_child)
    async with running_plant(evolve(ports, event_log=cast(Any, losing)), app()) as plant:
        traversal = await begin(plant, {"entryPoints": [node]})
        if node is AWAIT and kind is NodeTraversalSucceeded:
            await send(plant, traversal)
        await come_to_rest(plant)
        assert losing.lost == 1
        assert await plant.sweeper.sweep() == Swept(missing=1)
        await come_to_rest(plant)
        if node is AWAIT and kind is NodeTraversalRequested:
            await send(plant, traversal)
            await come_to_rest(plant)
        assert await ports.journal.unfinished() == []
        assert await plant.sweeper.sweep() == Swept()


async def test_what_is_where_it_should_be_is_not_sent_again(ports: Ports) -> None:
    app_ = App()
    may_end = anyio.Event()

    @app_.processor("slow")
    async def slow(given: Any) -> Any:
        await may_end.wait()
        return {"done": True}

    branches = {
        "timer": {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "1h"}},
        "await": AWAIT,
        "call": {"type": "call", "body": work("slow")},
        "loop": {**LOOP, "body": work("slow")},
        "work": work("slow"),
        "unserved": work("nobody"),
    }
    join = {"type": "join", "joinNodeId": "j", "strategy": {"type": "Or"}}
    fork = {"type": "fork", "joinNodeId": "j", "branches": branches, "join": join}
    async with running_plant(ports, app_) as plant:
        traversal = await begin(plant, {"timeout": "2h", "entryPoints": [fork]})
        with anyio.fail_after(30):
            while (await ports.event_log.backlog()).get("processor.slow") != 3:
                await anyio.sleep(0.005)
        before = await ports.event_log.backlog()
        fresh = sweeper_of(ports)
        for _ in range(3):
            assert await fresh.sweep() == Swept()
        assert await ports.event_log.backlog() == before
        may_end.set()
        with anyio.fail_after(30):
            while traversal in {each.traversal for each in await ports.journal.unfinished()}:
                await anyio.sleep(0.005)


async def test_what_may_be_on_its_way_is_sent_again_after_an_hour_and_then_ever_more_rarely() -> None:
    ports = memory_ports()
    clock = MovedClock(ports)
    async with running_plant(ports, app()) as plant:
        await begin(plant, {"entryPoints": [work("nobody")]})
        await come_to_rest(plant)
        sweeper = sweeper_of(evolve(ports, clock=clock))
        sent = []
        for minutes in range(0, 60 * 9, 10):
            clock.later = timedelta(minutes=minutes)
            swept = await sweeper.sweep(timedelta(minutes=5))
            assert swept.missing == 0
            if swept.overdue:
                sent.append(minutes)
        assert len(sent) == 3
        assert all(later >= 2 * earlier for earlier, later in pairwise([30, *sent]))


async def test_who_waits_for_what_is_there_is_not_loaded_again_for_an_hour() -> None:
    ports = memory_ports()
    clock = MovedClock(ports)
    loaded: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(ports.journal, name)

        async def load(self, traversals: Sequence[TraversalId]) -> Any:
            loaded.append(len(traversals))
            return await ports.journal.load(traversals)

    async with running_plant(ports, app()) as plant:
        for _ in range(3):
            await begin(plant, {"entryPoints": [AWAIT]})
        await come_to_rest(plant)
        sweeper = sweeper_of(evolve(ports, clock=clock, journal=cast(Any, Counting())))
        for minutes in (0, 5, 30, 59, 61, 70):
            clock.later = timedelta(minutes=minutes)
            assert await sweeper.sweep() == Swept()
    assert loaded == [1, 1]
