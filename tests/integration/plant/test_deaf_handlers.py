"""Handlers that do not hear that they should end: nobody waits for them for ever."""

import asyncio
from typing import Any

import anyio
import pytest

from tests.integration.plant.running import run_one, run_spec, work
from tests.integration.workers.test_desk import STOCK, request
from waygrid_shell.hosting import worker as worker_module
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

_CANCELED_BY_THE_END = 50
"""The end of a plant cancels again and again; a timeout does it once or twice."""


class Deaf:
    """Catches what cancels it and goes on, until it is let go."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.begun = 0

    async def __call__(self, given: Any) -> Any:
        self.begun += 1
        if given == "well":
            return given
        canceled = 0
        while not self.may_end.is_set() and canceled < _CANCELED_BY_THE_END:
            try:
                await self.may_end.wait()
            except asyncio.CancelledError:
                canceled += 1
        return "too late"

    def app(self, **options: Any) -> App:
        app = App()

        @app.processor("stock", **options)
        async def stock(given: Any) -> Any:
            return await self(given)

        return app


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_PATIENCE_SECONDS", 0.05)


async def test_a_run_ends_although_a_handler_goes_on_after_the_timeout_of_its_node() -> None:
    document = {"entryPoints": [work("stock", timeout="200ms", input={"$from": "/payload"})]}
    ended = await run_spec(memory_ports(), document, Deaf().app(), payloads=["deaf", "well"])
    assert [each.summary.status for each in ended] == ["Failed", "Completed"]


async def test_past_the_deadline_of_its_handler_the_attempt_has_failed() -> None:
    document = {"entryPoints": [work("stock", input={"$from": "/payload"})]}
    summary = await run_one(memory_ports(), document, Deaf().app(timeout="50ms"), payload="deaf")
    assert summary.error is not None
    assert summary.error.code == "timeout"


async def test_they_are_counted_until_they_end_and_so_many_do_not_keep_their_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "MAX_ABANDONED", 2)
    handler, metrics, ports = Deaf(), Metrics(), memory_ports()
    worker = Worker(
        STOCK,
        handler.app(concurrency=1, timeout="10ms").served[STOCK],
        event_log=ports.event_log,
        seen_ledger=ports.seen_ledger,
        secret_vault=ports.secret_vault,
        clock=ports.clock,
        metrics=metrics,
    )

    async def abandoned(count: int) -> None:
        line = f'waygrid_attempts_abandoned{{address="{STOCK}"}} {count:.1f}'
        while line not in metrics.text().decode():
            await anyio.sleep(0.01)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(worker.run)
            await ports.event_log.publish([request(number) for number in range(4)])
            await abandoned(3)
            while (await ports.event_log.backlog()).get("processor.stock", 0) != 1:
                await anyio.sleep(0.01)
            assert handler.begun == 3  # the third keeps its place, and the fourth waits for it
            handler.may_end.set()
            await abandoned(0)
            while "processor.stock" in await ports.event_log.backlog():
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
    assert handler.begun == 4
