"""The services of a process, each by its name. One is made anew whenever it is started: after a failure it is stale."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial

import anyio

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.runtime.services_chosen import EVERY_SERVICE, INBOX, SCHEDULER, WAYSTATION, ServicesChosen
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.services.inbox.service import Inbox
from waygrid_shell.services.scheduler.service import Scheduler
from waygrid_shell.services.waystation.service import Waystation
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.tracing import NO_TRACING, Tracing


class Crew:
    """The services over one set of ports that were chosen; `handlers` are what workers can serve."""

    def __init__(
        self,
        ports: Ports,
        handlers: Mapping[ServiceAddress, Served],
        metrics: Metrics,
        tracing: Tracing = NO_TRACING,
        chosen: ServicesChosen = EVERY_SERVICE,
    ) -> None:
        self._ports = ports
        self._handlers = {address: served for address, served in handlers.items() if chosen.serves(address)}
        self._chosen = chosen
        self._metrics = metrics
        self._tracing = tracing
        self._workers: dict[ServiceAddress, Worker] = {}
        self._is_closing = False

    @property
    def services(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        """What makes and runs each. Raises what ports raise."""
        workers = {f"worker of {address}": partial(self._work, address) for address in self._handlers}
        system = {WAYSTATION: self._drive, SCHEDULER: self._schedule, INBOX: self._listen}
        return {**{name: run for name, run in system.items() if self._chosen.has(name)}, **workers}

    @property
    def addresses(self) -> frozenset[ServiceAddress]:
        """What the workers serve."""
        return frozenset(self._handlers)

    async def close(self) -> None:
        """Have no attempt begin any more; return once those under way have been answered."""
        self._is_closing = True
        async with anyio.create_task_group() as tasks:
            for worker in self._workers.values():
                tasks.start_soon(worker.close)

    async def _drive(self) -> None:
        ports = self._ports
        waystation = Waystation(
            event_log=ports.event_log,
            journal=ports.journal,
            dag_store=ports.dag_store,
            live_feed=ports.live_feed,
            clock=ports.clock,
            outbox=ports.outbox,
            metrics=self._metrics,
            tracing=self._tracing,
        )
        await waystation.run()

    async def _schedule(self) -> None:
        ports = self._ports
        scheduler = Scheduler(
            event_log=ports.event_log, timer_book=ports.timer_book, clock=ports.clock, metrics=self._metrics
        )
        await scheduler.run()

    async def _listen(self) -> None:
        ports = self._ports
        inbox = Inbox(event_log=ports.event_log, event_book=ports.event_book, clock=ports.clock, metrics=self._metrics)
        await inbox.run()

    async def _work(self, address: ServiceAddress) -> None:
        if self._is_closing:
            await anyio.sleep_forever()
        ports = self._ports
        worker = self._workers[address] = Worker(
            address,
            self._handlers[address],
            event_log=ports.event_log,
            seen_ledger=ports.seen_ledger,
            secret_vault=ports.secret_vault,
            clock=ports.clock,
            live_feed=ports.live_feed,
            outbox=ports.outbox,
            metrics=self._metrics,
            tracing=self._tracing,
        )
        try:
            await worker.run()
        finally:
            del self._workers[address]
