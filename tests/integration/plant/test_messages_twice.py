"""A log may give a message twice, and say of neither that it may have been heard: Kafka's does, after a retry."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest
from attrs import evolve

from tests.integration.plant.running import compiled, running_plant, work
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import TraversalPauseRequested, TraversalUnpauseRequested
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.post import seal
from waygrid_shell.origins.acceptance.items import HTTP_ORIGIN
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.simulation.judging import check_journal

pytestmark = pytest.mark.anyio


class Stutter:
    """An event log that gives whatever it gives twice, at once."""

    def __init__(self, ports: Ports) -> None:
        self._log = ports.event_log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[Any]:
        async with self._log.subscribe(topics) as subscription:
            yield _Stuttering(subscription)


class _Stuttering:
    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subscription, name)

    async def take(self, limit: int) -> Sequence[Delivery]:
        given = await self._subscription.take(limit)
        return [*given, *given]


@pytest.mark.parametrize("is_at_once", [True, False], ids=["in one batch", "one after the other"])
async def test_a_pause_that_comes_again_after_its_end_pauses_nothing(is_at_once: bool) -> None:
    ports = memory_ports()
    may_end = anyio.Event()
    app = App()

    @app.processor("stock")
    async def stock(given: Any) -> Any:
        await may_end.wait()
        return given

    dag = compiled({"entryPoints": [work("stock")]})
    await ports.dag_store.put(dag)
    plant_ports = evolve(ports, event_log=cast(Any, Stutter(ports))) if is_at_once else ports
    with anyio.fail_after(30):
        async with running_plant(plant_ports, app) as plant:
            (claimed,) = await plant.intake.claim([Payload("one", {})], dag.dag, entry=0, batch="")
            await plant.intake.request([claimed], dag.dag, entry=0)
            pause, unpause = steering(ports, claimed.traversal)
            for records in [[pause, unpause]] if is_at_once else [[pause], [unpause], [pause]]:
                await ports.event_log.publish(records)
                while "system.waystation" in await ports.event_log.backlog():
                    await anyio.sleep(0)
            may_end.set()
            while await ports.journal.unfinished():
                await anyio.sleep(0)
    await check_journal(ports, claimed.traversal)


def steering(ports: Ports, traversal: TraversalId) -> list[TransportEnvelope]:
    """A pause, and its end."""
    messages = (TraversalPauseRequested(traversal), TraversalUnpauseRequested(traversal))
    now = ports.clock.now()
    return [seal(WAYSTATION, each, type(each).__name__, sender=HTTP_ORIGIN, sent_at=now) for each in messages]
