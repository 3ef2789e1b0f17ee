"""One process of the platform: the services that it runs, under supervision, and what it serves over HTTP.

`waygrid dev` is all of it over a file; of `waygrid serve` there are as many as one likes over the servers of a cluster.
"""

import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from platform import node as host_name
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup
from attrs import evolve, frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.api.application import application, vitals_application
from waygrid_shell.api.platform import Platform
from waygrid_shell.hosting.handler import Served
from waygrid_shell.origins.kafka.service import KafkaOriginService
from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.runtime.announcing import announce
from waygrid_shell.runtime.built_in import built_in
from waygrid_shell.runtime.chores import chores
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.draining import Draining
from waygrid_shell.runtime.last_resort import CUT_SHORT, FINISHED, last_resort
from waygrid_shell.runtime.platform import platform_over
from waygrid_shell.runtime.server import HttpServer, url_of
from waygrid_shell.runtime.services_chosen import API, CHORES, KAFKA_ORIGIN, ServicesChosen
from waygrid_shell.runtime.stop_signals import Signals, stop_signals, unless_asked_again
from waygrid_shell.runtime.supervisor import Run, keep_running
from waygrid_shell.runtime.unfinished import Unfinished
from waygrid_shell.runtime.vitals import Vitals
from waygrid_shell.runtime.wiring import OpenPorts, Ports
from waygrid_shell.settings.settings import Settings
from waygrid_shell.telemetry.exporting import open_tracing
from waygrid_shell.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class Begun:
    """What there is to say once it runs. `url` is None where it serves nothing over HTTP."""

    url: str | None
    served: frozenset[ServiceAddress]
    unfinished: Unfinished


Look: TypeAlias = Callable[[Ports, frozenset[ServiceAddress]], Awaitable[Unfinished]]
"""Finds out what there is to do, of which this process serves these addresses."""


@frozen(kw_only=True)
class OneProcess:
    """See the module. `served` are handlers of the user's; `tell` is called once everything runs."""

    settings: Settings
    chosen: ServicesChosen
    served: Mapping[ServiceAddress, Served]
    open_ports: OpenPorts
    look: Look
    tell: Callable[[Begun], None]

    async def run(self, listener: socket.socket | None) -> bool:
        """Run until somebody asks to stop; whether all that was under way could finish.

        On the listening socket it serves the API if that was chosen, and else its health and metrics.

        Raises what ports raise when they are opened, and bugs.
        """
        settings, metrics, vitals = self.settings, Metrics(), Vitals()
        async with (
            stop_signals() as signals,
            open_tracing(settings.tracing.endpoint, settings.tracing.service_name) as tracing,
            self.open_ports() as ports,
            self._handlers(ports) as handlers,
            last_resort() as leave,
            anyio.create_task_group() as tasks,
        ):
            crew = Crew(ports, handlers, metrics, tracing, self.chosen)
            platform = platform_over(ports, settings.server, metrics, vitals)
            unfinished = await self.look(ports, crew.addresses)
            identity = self._identity(crew, ports)
            supervised = {
                **crew.services,
                **self._origins(ports, platform),
                **self._chores(ports, metrics, identity.id),
            }
            for name, run in supervised.items():
                tasks.start_soon(keep_running, name, run, vitals)
            tasks.start_soon(announce, ports.presence, lambda: evolve(identity, ailments=vitals.ailments))
            if self.chosen.takes_in:
                tasks.start_soon(platform.acceptance.run)
            server = await self._serve(platform, vitals, listener, tasks)
            vitals.begin()
            url = None if listener is None else url_of(listener)
            self.tell(Begun(url=url, served=crew.addresses, unfinished=unfinished))
            await anext(signals)
            vitals.stop()
            is_finished = await self._finish(crew, platform, server, signals)
            leave(FINISHED if is_finished else CUT_SHORT)
            tasks.cancel_scope.cancel()
        return is_finished

    @asynccontextmanager
    async def _handlers(self, ports: Ports) -> AsyncIterator[Mapping[ServiceAddress, Served]]:
        """All that workers of this process could serve; nothing is opened for those that it has not."""
        if not self.chosen.has_workers:
            yield {}
            return
        async with built_in(ports, self.settings) as handlers:
            yield {**handlers, **self.served}

    def _origins(self, ports: Ports, platform: Platform) -> Mapping[str, Run]:
        """What reads the topics of the settings, where there are any."""
        if not self.chosen.has(KAFKA_ORIGIN) or ports.record_log is None:
            return {}
        origin = KafkaOriginService(
            self.settings.origins.kafka,
            record_log=ports.record_log,
            event_log=ports.event_log,
            dag_store=ports.dag_store,
            acceptance=platform.acceptance,
            metrics=platform.metrics,
        )
        return origin.services

    def _chores(self, ports: Ports, metrics: Metrics, holder: str) -> Mapping[str, Run]:
        return chores(ports, self.settings.data, metrics, holder) if self.chosen.has(CHORES) else {}

    def _identity(self, crew: Crew, ports: Ports) -> ProcessInfo:
        """What others see of this process; an id names no other, of before or elsewhere."""
        host, pid = host_name(), os.getpid()
        return ProcessInfo(
            id=f"{host}-{pid}-{secrets.token_hex(4)}",
            host=host,
            pid=pid,
            version=version("waygrid"),
            started_at=ports.clock.now(),
            services=sorted(self.chosen.names),
            addresses=sorted(map(str, crew.addresses)),
        )

    async def _serve(
        self, platform: Platform, vitals: Vitals, listener: socket.socket | None, tasks: TaskGroup
    ) -> HttpServer | None:
        """Serve over HTTP, if there is a socket; returns once it does."""
        if listener is None:
            return None
        app = application(platform) if self.chosen.has(API) else vitals_application(platform)
        server = HttpServer(Draining(app, vitals), self.settings.server)
        tasks.start_soon(server.run_on, listener)
        await server.has_started.wait()
        return server

    async def _finish(self, crew: Crew, platform: Platform, server: HttpServer | None, signals: Signals) -> bool:
        """Let attempts under way end, then the answers that are being sent; whether nobody asked a second time."""
        drain = self.settings.server.drain.total_seconds()
        _log.info("stopping: attempts under way have %g s to end; a second signal ends at once", drain)

        async def finish() -> None:
            with anyio.move_on_after(drain):
                await crew.close()
            platform.lookout.close()  # ends what streams for ever; who watches comes back to the next process
            platform.endings.close()  # answers who waits for the end of a traversal: it is accepted
            if server is not None:
                await server.finish()

        return await unless_asked_again(signals, finish)
