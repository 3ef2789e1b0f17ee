"""A request that comes again, at the worst of moments."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import anyio
import pytest

from tests.integration.workers.test_desk import STOCK, request
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.hosting.outbox import AnswersStepByStep
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports, memory_ports

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
