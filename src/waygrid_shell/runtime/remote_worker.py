"""A process of workers for a server elsewhere: the workers that a plant has too, over the ports of a connection."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import anyio
from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.worker import Worker
from waygrid_shell.runtime.last_resort import CUT_SHORT, FINISHED, last_resort
from waygrid_shell.runtime.remote_wiring import RemotePorts
from waygrid_shell.runtime.stop_signals import Signals, stop_signals, unless_asked_again
from waygrid_shell.settings.settings import TracingSettings
from waygrid_shell.telemetry.exporting import open_tracing
from waygrid_shell.telemetry.tracing import Tracing


@frozen(kw_only=True)
class RemoteWorker:
    """What it serves, over which ports, and how long attempts may go on once it is asked to stop."""

    ports: RemotePorts
    served: Mapping[ServiceAddress, Served]
    tracing: TracingSettings
    drain: timedelta
    tell_stopping: Callable[[], None]

    async def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; whether nobody asked a second time before attempts had ended.

        Raises `ServerRefused`, in a group.
        """
        async with (
            open_tracing(self.tracing.endpoint, self.tracing.service_name) as tracing,
            stop_signals() as signals,
            last_resort() as leave,
            anyio.create_task_group() as tasks,
        ):
            workers = [self._worker(address, served, tracing) for address, served in self.served.items()]
            for worker in workers:
                tasks.start_soon(worker.run)
            tasks.start_soon(self.ports.link.run)
            await anext(signals)
            self.ports.link.drain()
            self.tell_stopping()
            is_patient = await self._finish(workers, signals)
            leave(FINISHED if is_patient else CUT_SHORT)
            tasks.cancel_scope.cancel()
        return is_patient

    async def _finish(self, workers: Sequence[Worker], signals: Signals) -> bool:
        async def finish() -> None:
            with anyio.move_on_after(self.drain.total_seconds()):
                async with anyio.create_task_group() as closing:
                    for worker in workers:
                        closing.start_soon(worker.close)
                await self.ports.link.settled()

        return await unless_asked_again(signals, finish)

    def _worker(self, address: ServiceAddress, served: Served, tracing: Tracing) -> Worker:
        ports = self.ports
        return Worker(
            address,
            served,
            event_log=ports.event_log,
            seen_ledger=ports.seen_ledger,
            secret_vault=ports.secret_vault,
            clock=ports.clock,
            live_feed=ports.live_feed,
            tracing=tracing,
        )
