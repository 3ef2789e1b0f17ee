"""Many processes share the work, and whatever happens to them, it is as if there were one that nothing happens to."""

from collections import Counter
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.integration.plant.running import compiled, work
from tests.integration.shared.crowd import Crowd
from waygrid_shell.adapters.memory.event_log import Keeping, MemoryEventLog
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.origins.batch.intake import Intake
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.journal import Query
from waygrid_shell.processors.function import App, Attempt, Failed
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.simulation.judging import check_journal

pytestmark = pytest.mark.anyio

SPEC: dict[str, Any] = {
    "timeout": "1h",
    "entryPoints": [
        {
            "type": "fork",
            "joinNodeId": "j",
            "branches": {
                "flaky": work("flaky", timeout="1m", retryPolicy={"type": "Linear", "base": "1ms", "maxRetries": 2}),
                "list": {"type": "each", "over": {"$from": "/payload/items"}, "body": work("double")},
                "lost": work("never", id="never"),
                "vain": {"type": "await", "event": "never", "id": "vain"},
            },
            "join": {
                "type": "join",
                "joinNodeId": "j",
                "strategy": {"type": "Quorum", "n": 2},
                "onSuccess": {
                    "type": "await",
                    "event": "go",
                    "timeout": "1h",
                    "onSuccess": {
                        "type": "loop",
                        "until": {"type": "JsonExists", "pointer": "/done"},
                        "atMost": 3,
                        "every": "1ms",
                        "body": work("round", input={"run": {"$from": "/traversal/run"}}),
                        "onSuccess": work("deliver", deliveryStrategy={"type": "ScheduleAfter", "delay": "1ms"}),
                    },
                },
            },
        }
    ],
    "onEnd": work("clean"),
}


class Outside:
    """What the world sees."""

    def __init__(self) -> None:
        self.delivered: Counter[str] = Counter()
        self.cleaned: Counter[str] = Counter()
        self.is_over = anyio.Event()
        """A request that is sent late may come to a worker that never heard of its cancel."""

    def app(self) -> App:
        app = App()

        @app.processor("flaky")
        async def flaky(given: Any, attempt: Attempt) -> Any:
            if attempt.attempt == 1:
                raise Failed("busy")
            return "steady"

        @app.processor("double")
        async def double(given: Any) -> Any:
            return given["item"] * 2

        @app.processor("never")
        async def never(given: Any) -> Any:
            await self.is_over.wait()

        @app.processor("round")
        async def round_(given: Any) -> Any:
            return {"done": True} if given["run"] == 2 else {}

        @app.processor("deliver")
        async def deliver(given: Any, attempt: Attempt) -> Any:
            self.delivered[attempt.idempotency_key] += 1
            return "delivered"

        @app.processor("clean")
        async def clean(given: Any, attempt: Attempt) -> Any:
            self.cleaned[attempt.idempotency_key] += 1
            assert given["status"] == "completed"

        return app


def shared_ports(keeping: Keeping) -> Ports:
    return evolve(memory_ports(), event_log=MemoryEventLog(3, keeping))


@pytest.mark.parametrize("keeping", list(Keeping), ids=lambda each: each.name)
@pytest.mark.parametrize("seed", range(8))
async def test_every_traversal_ends_once_whatever_happens_to_the_processes(seed: int, keeping: Keeping) -> None:
    ports, outside = shared_ports(keeping), Outside()
    dag = compiled(SPEC)
    await ports.dag_store.put(dag)
    intake = Intake(event_log=ports.event_log, claim_book=ports.claim_book, clock=ports.clock)
    payloads = [Payload(f"#{number}", {"items": list(range(number % 3))}) for number in range(8)]
    claimed = await intake.claim(payloads, dag.dag, entry=0, batch="")
    accepted = [each.traversal for each in claimed]
    crowd = Crowd(ports, outside.app().served, seed)
    with anyio.fail_after(60):
        async with crowd.running():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(crowd.disturb, 60)
                for each in claimed:
                    await intake.request([each], dag.dag, entry=0)
                    await anyio.sleep(0)
                for event in intake.events([GivenEvent("x", "go", None, {"by": "Ada"})], accepted, batch=""):
                    for _ in range(100):  # so some come before their awaits, and some after them
                        await anyio.sleep(0)
                    await intake.send([event])
            while await ports.journal.unfinished():
                await anyio.sleep(0.001)
            outside.is_over.set()
            while await ports.event_log.backlog():
                await anyio.sleep(0.001)
    await judge(ports, accepted)
    assert len(outside.delivered) == len(outside.cleaned) == len(accepted)


async def judge(ports: Ports, accepted: list[Any]) -> None:
    """Nothing is lost, and nothing is left."""
    assert await ports.event_log.dead_letters() == []
    assert await ports.event_book.waiting() == []
    summaries = await ports.journal.search(Query(with_children=True, limit=10_000))
    for summary in summaries:
        await check_journal(ports, summary.traversal)
    ends = {each.traversal: (each.status, each.output) for each in summaries if each.traversal in accepted}
    assert ends == dict.fromkeys(accepted, ("Completed", "delivered"))
