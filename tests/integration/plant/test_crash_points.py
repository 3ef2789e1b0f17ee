"""A process that dies at any one write, before or after it, is made good by the next one."""

from collections import Counter
from typing import Any

import pytest

from tests.integration.plant.running import run_and_leave, run_spec, work
from tests.integration.plant.tripwire import Moment, Tripwire
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.ports.failure import Unavailable
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
PAYLOADS = [{"items": [1, 2]}, {"items": []}]


class Outside:
    """What the world sees of the runs: how often each piece of work was done, by its key."""

    def __init__(self) -> None:
        self.keys: dict[str, Counter[str]] = {}

    def app(self) -> App:
        """The app of one process."""
        app = App()

        def note(attempt: Attempt) -> None:
            self.keys.setdefault(attempt.address.service, Counter())[attempt.idempotency_key] += 1

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
            import anyio

            await anyio.sleep_forever()

        @app.processor("round")
        async def round_(given: Any) -> Any:
            return {"done": True} if given["run"] == 2 else {}

        @app.processor("deliver")
        async def deliver(given: Any, attempt: Attempt) -> Any:
            note(attempt)
            return "delivered"

        @app.processor("clean")
        async def clean(given: Any, attempt: Attempt) -> Any:
            note(attempt)
            assert given["status"] == "completed"

        return app


async def _run_until_it_dies(ports: Ports, wire: Tripwire, outside: Outside) -> bool:
    """Whether it died."""
    event = GivenEvent("x", "go", None, {"by": "Ada"})
    try:
        await run_and_leave(wire.around(ports), SPEC, outside.app(), payloads=PAYLOADS, events=[event])
    except Unavailable:
        return True
    except BaseExceptionGroup as group:
        if group.subgroup(Unavailable) is None:
            raise
        return True
    return False


async def _make_good(ports: Ports, outside: Outside) -> None:
    event = GivenEvent("x", "go", None, {"by": "Ada"})
    ended = await run_spec(ports, SPEC, outside.app(), payloads=PAYLOADS, events=[event])
    assert [(each.summary.status, each.summary.output) for each in ended] == [("Completed", "delivered")] * 2
    assert await ports.journal.unfinished() == []
    assert await ports.event_log.backlog() == {}
    assert await ports.timer_book.count() == 0
    assert {service: len(keys) for service, keys in outside.keys.items()} == {"deliver": 2, "clean": 2}
    for each in ended:
        await check_journal(ports, each.summary.traversal)


async def _writes_of_a_whole_run() -> int:
    wire = Tripwire(at=0, moment="before")
    assert not await _run_until_it_dies(memory_ports(), wire, Outside())
    return wire.calls


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_death_at_any_write_is_made_good(moment: Moment) -> None:
    writes = await _writes_of_a_whole_run()
    assert writes > 50
    died = 0
    for number in range(1, writes + 1):
        ports, outside = memory_ports(), Outside()
        died += await _run_until_it_dies(ports, Tripwire(at=number, moment=moment), outside)
        await _make_good(ports, outside)
    assert died > writes // 2


async def test_two_deaths_are_made_good_too(ports: Ports) -> None:
    outside = Outside()
    for number in (9, 23, 31, 44):
        await _run_until_it_dies(ports, Tripwire(at=number, moment="after"), outside)
    await _make_good(ports, outside)
