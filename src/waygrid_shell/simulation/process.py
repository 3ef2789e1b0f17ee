"""A process of a simulated platform: the services as they run for real, on ports at a distance.

It can be killed at any await (its ways are severed first, so that nothing of what it still does leaves it), paused and
let go again, asked to stop; and it bears all that may happen to its ways.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import anyio
from attrs import Factory, frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_shell.destinations.kafka import KafkaDestination
from waygrid_shell.hosting.handler import Served
from waygrid_shell.origins.acceptance.taking_in import Acceptance
from waygrid_shell.origins.kafka.service import KafkaOriginService
from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.runtime.announcing import announce
from waygrid_shell.runtime.built_in import KAFKA
from waygrid_shell.runtime.chores import chores
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.platform import acceptance_over
from waygrid_shell.runtime.services_chosen import CHORES, EVERY_SERVICE, KAFKA_ORIGIN, ServicesChosen
from waygrid_shell.runtime.supervisor import Run, keep_running
from waygrid_shell.runtime.vitals import Vitals
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.settings import Settings
from waygrid_shell.simulation.chance import Chance
from waygrid_shell.simulation.loop import NOBODY, Domain, VirtualLoop
from waygrid_shell.simulation.membership import Membership
from waygrid_shell.simulation.network import NO_TROUBLE, Latency, Traveler, Way
from waygrid_shell.simulation.ports import Ways, ports_by
from waygrid_shell.simulation.reading import Session
from waygrid_shell.simulation.records import RecordSession
from waygrid_shell.simulation.servers import Server, Servers, VirtualClock
from waygrid_shell.simulation.transcript import Transcript
from waygrid_shell.telemetry.metrics import Metrics

T = TypeVar("T")


@frozen(kw_only=True)
class World:
    """What all processes of a platform share."""

    loop: VirtualLoop
    chance: Chance
    servers: Servers
    transcript: Transcript
    latency: Mapping[str, Latency]
    """By the name of the server."""
    session_seconds: float
    """How long a process may not be reached before others have its partitions."""
    is_one_commit: bool = False
    """Whether all ports are of one database, as those of `waygrid dev`."""
    settings: Settings = Factory(Settings)


@frozen(kw_only=True)
class Role:
    """What a process is for: the services that it runs, and what its workers serve."""

    name: str
    chosen: ServicesChosen = EVERY_SERVICE
    handlers: Mapping[ServiceAddress, Served]
    writes_records: bool = False
    """Whether its workers serve `waygrid://destination/kafka`, too."""
    skew: timedelta = timedelta(0)
    """How much its clock is ahead of that of the servers."""


class Process:
    """One life of a process, from its start to its end; the next one is another object."""

    def __init__(self, world: World, role: Role, life: int) -> None:
        self._world = world
        self.role = role
        self.name = role.name
        self._chance = world.chance.stream(f"{role.name}/{life}")
        self._domain = Domain(role.name)
        self._context = self._domain.context()
        self._sessions: list[Membership] = []
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._requests: dict[asyncio.Task[None], None] = {}
        self._acceptance: Acceptance | None = None
        self.traveler = Traveler(role.name)
        self.clock = VirtualClock(world.loop, role.skew)
        self.metrics = Metrics()
        self.ways = Ways(
            log=self._way_to(world.servers.log),
            database=self._way_to(world.servers.database),
            cache=self._way_to(world.servers.cache),
        )
        self.ports: Ports = ports_by(
            self.ways,
            world.servers,
            clock=self.clock,
            chance=self._chance,
            open_session=self._open_session,
            open_record_session=self._open_record_session,
            is_one_commit=world.is_one_commit,
        )

    def _way_to(self, server: Server) -> Way:
        world = self._world
        return Way(
            world.loop,
            self.traveler,
            server,
            latency=world.latency[server.name],
            chance=self._chance,
            transcript=world.transcript,
        )

    def _open_session(self, topics: Sequence[str]) -> Session:
        world = self._world
        session = Session(
            world.loop,
            world.servers,
            topics,
            way=self.ways.log,
            lasts=world.session_seconds,
            chance=self._chance,
            is_reachable=self._is_reachable,
        )
        self._sessions.append(session)
        session.look()
        return session

    def _open_record_session(self, topics: Sequence[str], group: str) -> RecordSession:
        world = self._world
        session = RecordSession(
            world.loop,
            world.servers,
            topics,
            group,
            way=self.ways.log,
            lasts=world.session_seconds,
            is_reachable=self._is_reachable,
        )
        self._sessions.append(session)
        session.look()
        return session

    def _is_reachable(self) -> bool:
        return self.ways.log.is_open and not self._domain.is_held

    # --- its life

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or is paused."""
        return self._task is not None and not self._task.done()

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return self._domain.is_held

    @property
    def failure(self) -> BaseException | None:
        """What it ended with, if it ended by itself: a bug."""
        task = self._task
        return None if task is None or not task.done() or task.cancelled() else task.exception()

    def start(self) -> None:
        """Begin."""
        self._task = self._world.loop.create_task(self._run(), name=self.name, context=self._context)

    def kill(self) -> None:
        """End it here and now; nothing that it does on its way out leaves it."""
        for way in self.ways.every:
            way.is_severed = True
        self._domain.is_over = True
        self.look()
        self.resume()
        for task in [*self._requests, *([] if self._task is None else [self._task])]:
            task.cancel()

    def pause(self) -> None:
        """It stands still; the world goes on."""
        self._domain.hold()
        self.look()

    def resume(self) -> None:
        """It goes on, as if no time had passed."""
        if self._domain.is_held:
            self._domain.let_go(self._world.loop)
            self.look()

    def heal(self) -> None:
        """Its ways are well, and it goes on."""
        for way in self.ways.every:
            way.is_cut, way.trouble = False, NO_TROUBLE
        self.resume()

    def ask_to_stop(self) -> None:
        """It lets end what is under way, for a while, and ends."""
        self._stop.set()

    def look(self) -> None:
        """Something has happened to it or to its ways: the log may find out."""
        self._sessions = [each for each in self._sessions if not each.is_over]
        for session in self._sessions:
            session.look()

    async def ended(self) -> None:
        """Return once it has."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        """As `runtime.one_process` has it, but for what stands in the world: signals, HTTP, and built-in services."""
        world, role, ports = self._world, self.role, self.ports
        between = self._chance.uniform
        vitals = Vitals()
        handlers = {**role.handlers, KAFKA: Served(handler=KafkaDestination(ports.record_log, ports.clock))}
        crew = Crew(ports, handlers if role.writes_records else role.handlers, self.metrics, chosen=role.chosen)
        self._acceptance = acceptance_over(ports, world.settings.server, self.metrics, self._chance.randbytes)
        name = f"{role.name}-{self._chance.getrandbits(32):08x}"
        supervised = dict(crew.services)
        if role.chosen.has(KAFKA_ORIGIN) and world.settings.origins.kafka:
            supervised.update(self._origins(self._acceptance))
        if role.chosen.has(CHORES):
            supervised.update(chores(ports, world.settings.data, self.metrics, name))
        info = ProcessInfo(
            id=name,
            host="simulated",
            pid=0,
            version="",
            started_at=ports.clock.now(),
            services=sorted(role.chosen.names),
            addresses=sorted(map(str, crew.addresses)),
        )
        async with anyio.create_task_group() as tasks:
            for service, run in supervised.items():
                tasks.start_soon(keep_running, service, run, vitals, between)
            tasks.start_soon(announce, ports.presence, lambda: info)
            if role.chosen.takes_in:
                tasks.start_soon(self._acceptance.run)
            vitals.begin()
            await self._stop.wait()
            with anyio.move_on_after(world.settings.server.drain.total_seconds()):
                await crew.close()
            tasks.cancel_scope.cancel()

    def _origins(self, acceptance: Acceptance) -> Mapping[str, Run]:
        """What reads the users' topics."""
        ports = self.ports
        assert ports.record_log is not None, "a simulated process has one"
        origin = KafkaOriginService(
            self._world.settings.origins.kafka,
            record_log=ports.record_log,
            event_log=ports.event_log,
            dag_store=ports.dag_store,
            acceptance=acceptance,
            metrics=self.metrics,
        )
        return origin.services

    # --- what others ask it for

    def request(self, handle: Callable[["Process"], Awaitable[T]]) -> "asyncio.Future[T]":
        """What `handle` gives, run in this process as the handler of a request; never, if the process ends before."""
        loop = self._world.loop
        answer: asyncio.Future[T] = loop.create_future()

        async def serve() -> None:
            try:
                value = await handle(self)
            except Exception as error:  # the seam: it is told to who asked
                loop.call_soon(_refuse, answer, error, context=NOBODY)
            else:
                loop.call_soon(_give, answer, value, context=NOBODY)

        if self.is_alive:
            task = loop.create_task(serve(), context=self._domain.context())
            self._requests[task] = None
            task.add_done_callback(lambda done: self._requests.pop(done, None))
        return answer

    @property
    def acceptance(self) -> Acceptance:
        """Who takes in, in this process."""
        assert self._acceptance is not None, "it has begun"
        return self._acceptance


def _give(answer: "asyncio.Future[T]", value: T) -> None:
    if not answer.done():
        answer.set_result(value)


def _refuse(answer: "asyncio.Future[T]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
