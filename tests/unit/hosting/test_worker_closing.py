"""Who stops waits for attempts under way, and not for a log that takes no answers. In virtual time."""

import asyncio
from collections.abc import Sequence

import anyio
from attrs import evolve

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import NodeTraversalRequested
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.adapters.memory.event_log import MemoryEventLog
from waygrid_shell.hosting.attempt import Attempt
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.post import seal
from waygrid_shell.hosting.worker import FAREWELL_SECONDS, Worker
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.simulation.loop import VirtualLoop, run_virtually
from waygrid_shell.simulation.servers import VirtualClock

STOCK = ServiceAddress("processor", "stock")
TRAVERSAL = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
WORKS_SECONDS = 20.0


class HangingLog(MemoryEventLog):
    """Takes no answers, as behind a broker that hangs."""

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        if any(record.topic == "system.waystation" for record in records):
            await anyio.sleep_forever()
        await super().publish(records)


async def work(attempt: Attempt) -> JsonValue:
    await anyio.sleep(WORKS_SECONDS)
    return None


def test_attempts_under_way_are_waited_for_and_a_log_that_takes_no_answers_is_not_for_long() -> None:
    """The bug that this noticed: who was asked to stop while a broker hung took all the time that it may drain."""

    async def seconds_to_close() -> float:
        loop = VirtualLoop.running()
        ports = evolve(memory_ports(), event_log=HangingLog(), clock=VirtualClock(loop))
        worker = Worker(
            STOCK,
            Served(handler=work),
            event_log=ports.event_log,
            seen_ledger=ports.seen_ledger,
            secret_vault=ports.secret_vault,
            clock=ports.clock,
        )
        request = NodeTraversalRequested(
            traversal=TRAVERSAL, node=NodeId("0" * 16), attempt=1, input=None, parameters={}, root=TRAVERSAL
        )
        sealed = seal(STOCK, request, "id", sender=WAYSTATION, sent_at=ports.clock.now())
        await ports.event_log.publish([sealed])
        running = asyncio.create_task(worker.run())
        await anyio.sleep(1)
        began = loop.time()
        await worker.close()
        running.cancel()
        await asyncio.wait((running,))
        return loop.time() - began

    seconds, _ = run_virtually(seconds_to_close)
    assert seconds == WORKS_SECONDS - 1 + FAREWELL_SECONDS
