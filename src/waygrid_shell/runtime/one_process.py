"""The platform in one process: the embedded plant under supervision, its chores, and the HTTP API on one port."""

import logging
import socket
from collections.abc import Callable, Mapping

import anyio
from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.api.application import application
from waygrid_shell.api.platform import Platform
from waygrid_shell.hosting.handler import Served
from waygrid_shell.runtime.built_in import built_in
from waygrid_shell.runtime.chores import chores
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.draining import Draining
from waygrid_shell.runtime.last_resort import CUT_SHORT, FINISHED, last_resort
from waygrid_shell.runtime.needs import addresses_of, dags_of
from waygrid_shell.runtime.platform import platform_over
from waygrid_shell.runtime.server import HttpServer, url_of
from waygrid_shell.runtime.stop_signals import Signals, stop_signals, unless_asked_again
from waygrid_shell.runtime.supervisor import keep_running
from waygrid_shell.runtime.vitals import Vitals
from waygrid_shell.runtime.wiring import Ports, sqlite_ports
from waygrid_shell.settings.settings import Settings
from waygrid_shell.telemetry.exporting import open_tracing
from waygrid_shell.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class Begun:
    """What there is to say once it runs."""

    url: str
    served: frozenset[ServiceAddress]
    unfinished: "Unfinished"


@frozen(kw_only=True)
class Unfinished:
    """Traversals from before, and the addresses that they need and nobody here serves."""

    count: int
    unserved: tuple[ServiceAddress, ...]


class OneProcess:
    """See the module. `tell` is called once everything runs."""

    def __init__(
        self,
        settings: Settings,
        served: Mapping[ServiceAddress, Served],
        *,
        tell: Callable[[Begun], None],
    ) -> None:
        self._settings = settings
        self._served = served
        self._tell = tell
        self._vitals = Vitals()
        self._metrics = Metrics()

    async def run(self, listener: socket.socket) -> bool:
        """Run on the listening socket until somebody asks to stop; whether all that was under way could finish.

        Raises what ports raise when they are opened, and bugs.
        """
        settings, vitals, metrics = self._settings, self._vitals, self._metrics
        async with (
            stop_signals() as signals,
            open_tracing(settings.tracing.endpoint, settings.tracing.service_name) as tracing,
            sqlite_ports(settings.data.dir) as ports,
            built_in(ports, settings) as handlers,
            last_resort() as leave,
            anyio.create_task_group() as tasks,
        ):
            crew = Crew(ports, {**handlers, **self._served}, metrics, tracing)
            platform = platform_over(ports, settings.server, metrics, vitals)
            server = HttpServer(Draining(application(platform), vitals), settings.server)
            unfinished = await _unfinished(ports, crew)
            for name, run in {**crew.services, **chores(ports, settings.data, metrics)}.items():
                tasks.start_soon(keep_running, name, run, vitals)
            tasks.start_soon(platform.acceptance.run)
            tasks.start_soon(server.run_on, listener)
            await server.has_started.wait()
            vitals.begin()
            self._tell(Begun(url=url_of(listener), served=crew.addresses, unfinished=unfinished))
            await anext(signals)
            is_finished = await self._finish(crew, platform, server, signals)
            leave(FINISHED if is_finished else CUT_SHORT)
            tasks.cancel_scope.cancel()
        return is_finished

    async def _finish(self, crew: Crew, platform: Platform, server: HttpServer, signals: Signals) -> bool:
        """Let attempts under way end, then the answers that are being sent; whether nobody asked a second time."""
        self._vitals.stop()
        drain = self._settings.server.drain.total_seconds()
        _log.info("stopping: attempts under way have %g s to end; a second signal ends at once", drain)

        async def finish() -> None:
            with anyio.move_on_after(drain):
                await crew.close()
            platform.lookout.close()  # ends what streams for ever; who watches comes back to the next process
            platform.endings.close()  # answers who waits for the end of a traversal: it is accepted
            await server.finish()

        return await unless_asked_again(signals, finish)


async def _unfinished(ports: Ports, crew: Crew) -> Unfinished:
    unfinished = await ports.journal.unfinished()
    count = sum(1 for each in unfinished if each.traversal == each.origin.root)
    unserved = addresses_of(await dags_of(unfinished, ports)) - crew.addresses
    return Unfinished(count=count, unserved=tuple(sorted(unserved, key=str)))
