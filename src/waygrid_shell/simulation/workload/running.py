"""One run of a workload, from the first process that starts to the figures."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias, cast

import anyio
from attrs import evolve, frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.extensions import extensions_of
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.handler import Served
from waygrid_shell.ports.journal import Change
from waygrid_shell.runtime.services_chosen import API, CHORES, WORKER, ServicesChosen
from waygrid_shell.runtime.services_chosen import INBOX as INBOX_SERVICE
from waygrid_shell.runtime.services_chosen import SCHEDULER as SCHEDULER_SERVICE
from waygrid_shell.runtime.services_chosen import WAYSTATION as WAYSTATION_SERVICE
from waygrid_shell.settings.settings import DataSettings, Settings
from waygrid_shell.simulation.chance import Chance
from waygrid_shell.simulation.faults import CLUSTER, Scene, befall, planned
from waygrid_shell.simulation.judging import all_dead_letters, check_journal
from waygrid_shell.simulation.loop import VirtualLoop, at_once, run_virtually
from waygrid_shell.simulation.plan import latency
from waygrid_shell.simulation.platform import Platform
from waygrid_shell.simulation.process import Role, World
from waygrid_shell.simulation.servers import BEGINNING, Servers
from waygrid_shell.simulation.transcript import Transcript, Words, logging_to
from waygrid_shell.simulation.workload.crowd import Crowd
from waygrid_shell.simulation.workload.description import Workload
from waygrid_shell.simulation.workload.figures import Figures
from waygrid_shell.simulation.workload.meters import Meter
from waygrid_shell.simulation.workload.services import ScriptedService
from waygrid_shell.simulation.workload.settling import Left, Settling
from waygrid_shell.simulation.workload.summing_up import (
    Snapshot,
    backlog_of,
    failures_of,
    moments_of,
    services_of,
    snapshot_of,
    traversals_of,
)
from waygrid_shell.simulation.workload.witness import Witness, places_of

MOMENTS: Final = 120
"""Into so many parts the time is divided for what is shown over time; none is shorter than a second."""

_WORKER: Final = ServicesChosen(frozenset({WORKER}))
_PLATFORM: Final = ServicesChosen(frozenset({API, CHORES, WAYSTATION_SERVICE, SCHEDULER_SERVICE, INBOX_SERVICE}))
_SESSION_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 1.0
_KEPT: Final = timedelta(minutes=1)
"""How long the memory of a run keeps what has ended; retention looks every ten minutes."""
_ANSWERS_KEPT: Final = timedelta(minutes=30)
_PUBLISHED_KEPT: Final = 1_000
"""Records; the faults that repeat some take them from the newest."""
_CHECKED: Final = 20
"""The journal of one in so many traversals is gone through when it has ended."""


@frozen
class Standing:
    """How far a run is: its own time in seconds, and traversals."""

    at: float
    seconds: float
    handed_in: int
    under_way: int


Tell: TypeAlias = Callable[[Standing], None]


def simulate(
    compiled: Mapping[str, CompiledDag],
    workload: Workload,
    seed: int,
    tell: Tell = lambda standing: None,
) -> Figures:
    """The run of that seed: the same figures each time. `tell` is called for every second of it.

    No other event loop may run in this thread.
    """
    # What they log has the time of the run, and would be taken for the real one.
    with logging_to(logging.NullHandler(), logging.CRITICAL):
        figures, loop = run_virtually(lambda: _begin(compiled, workload, seed, tell))
    return evolve(figures, wrong=[*figures.wrong, *loop.problems])


async def _begin(compiled: Mapping[str, CompiledDag], workload: Workload, seed: int, tell: Tell) -> Figures:
    return await _Run(compiled, workload, seed, tell).go()


class _Run:
    def __init__(self, compiled: Mapping[str, CompiledDag], workload: Workload, seed: int, tell: Tell) -> None:
        self._compiled = compiled
        self._workload = workload
        self._seed = seed
        self._tell = tell
        self._chance = chance = Chance(seed)
        self._loop = loop = VirtualLoop.running()
        dags = [dag for each in compiled.values() for dag in (each.dag, *each.bodies.values())]
        self._servers = Servers(loop, partitions=workload.platform.partitions, extensions=extensions_of(dags))
        self._transcript = _Quiet(loop.time)
        self._width = max(1.0, workload.seconds / MOMENTS)
        self._meters = {address: Meter(loop.time, self._width) for address in workload.services}
        self._crowd = Crowd(compiled, workload, chance)
        self._unchecked = 0
        self._witness = Witness(
            loop.time,
            places_of(compiled),
            self._meters,
            bucket_seconds=self._width,
            hears_await=self._crowd.hears_await,
            ends=self._has_ended,
        )
        self._servers.journal = cast(Any, _HeardJournal(self._servers.journal, self._witness.hear))
        self._platform = Platform(self._world(), self._roles())
        self._poison: set[str] = set()

    def _world(self) -> World:
        one_way = latency(self._workload.platform.request_seconds / 2)
        return World(
            loop=self._loop,
            chance=self._chance,
            servers=self._servers,
            transcript=self._transcript,
            latency={server.name: one_way for server in self._servers.every},
            session_seconds=_SESSION_SECONDS,
            settings=Settings(data=DataSettings(keep_ended=_KEPT, keep_answers=_ANSWERS_KEPT)),
        )

    def _roles(self) -> Sequence[Role]:
        roles = [
            Role(name=f"waygrid-{number}", chosen=_PLATFORM, handlers={})
            for number in range(1, self._workload.platform.processes + 1)
        ]
        for address, load in self._workload.services.items():
            service = ScriptedService(load, self._meters[address], self._witness, self._chance.stream(str(address)))
            served = Served(handler=service, concurrency=load.concurrency, deadline=load.deadline)
            roles += [
                Role(name=f"{address.short}-{number}", chosen=_WORKER, handlers={address: served})
                for number in range(1, load.workers + 1)
            ]
        return roles

    async def go(self) -> Figures:
        """Hand all in, wait for it to end, and give the figures."""
        workload = self._workload
        self._platform.start_all()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._look_often)
            tasks.start_soon(self._crowd.send_events, self._platform)
            async with anyio.create_task_group() as load:
                if workload.faults:
                    load.start_soon(self._befall)
                load.start_soon(self._crowd.hand_in, self._platform, self._witness, workload.seconds)
                await anyio.sleep(workload.seconds)
                snapshot = snapshot_of(self._witness, self._meters, self._loop.time())
            left = await self._settle()
            tasks.cancel_scope.cancel()
        wrong = [*await self._wrong(), *left.stuck]
        await self._platform.end()
        return self._figures(snapshot, left, [*self._platform.failures(), *wrong])

    async def _befall(self) -> None:
        seconds = self._workload.seconds
        count = max(1, round(self._workload.faults * seconds))
        topics = [topic_name(address) for address in (WAYSTATION, SCHEDULER, INBOX, *self._workload.services)]
        scene = Scene(self._platform, _SESSION_SECONDS, topics, self._poison)
        await befall(scene, planned(self._chance.stream("faults"), CLUSTER, count, seconds), self._chance.stream)

    async def _look_often(self) -> None:
        """Note how things stand, tell it, and let go of what nobody looks at any more."""
        next_look = self._width
        while True:
            await anyio.sleep(min(_LOOK_SECONDS, next_look - self._loop.time()))
            now = self._loop.time()
            if now >= next_look:
                self._witness.look()
                next_look += self._width
            del self._servers.published[:-_PUBLISHED_KEPT]
            witness = self._witness
            self._tell(Standing(now, self._workload.seconds, witness.arrived, witness.under_way.count))

    async def _settle(self) -> Left:
        """Wait until all have ended, or nothing more will happen, or it takes too long."""
        settling = Settling(self._servers.ports(), self._witness, self._meters, self._crowd)
        until = self._workload.seconds + self._workload.drain_seconds
        latest = BEGINNING + timedelta(seconds=until)
        while self._loop.time() < until:
            if await settling.is_over():
                return Left()
            if await settling.is_quiet(self._loop.time(), latest):
                return await settling.left(is_quiet=True)
            await anyio.sleep(_LOOK_SECONDS)
        return await settling.left(is_quiet=False)

    # --- what must be

    def _has_ended(self, traversal: TraversalId) -> None:
        self._unchecked += 1
        if self._unchecked >= _CHECKED:
            self._unchecked = 0
            self._loop.call_soon(self._check, traversal)

    def _check(self, traversal: TraversalId) -> None:
        try:
            at_once(check_journal(self._servers.ports(), traversal))
        except AssertionError as error:
            self._witness.wrong.append(str(error))

    async def _wrong(self) -> Sequence[str]:
        ports, crowd, witness = self._servers.ports(), self._crowd, self._witness
        lost = [each for each in crowd.accepted if not witness.has_begun(each)]
        letters = [each for each in await all_dead_letters(ports) if each.record.id not in self._poison]
        return [
            *witness.wrong,
            *(f"{each} was accepted, and never began" for each in lost),
            *(f"a dead letter that is no poison: {each.record.topic} {each.reason}" for each in letters),
        ]

    def _figures(self, snapshot: Snapshot, left: Left, wrong: Sequence[str]) -> Figures:
        witness, specs = self._witness, tuple(self._compiled)
        moments = moments_of(witness, self._width)
        return Figures(
            seed=self._seed,
            seconds=snapshot.at,
            drained_seconds=max(0.0, witness.last_decision - snapshot.at),
            traversals=traversals_of(witness, specs),
            specs={spec: traversals_of(witness, (spec,)) for spec in specs},
            throughput=snapshot.ended / snapshot.at,
            attempts=witness.attempts,
            retries=witness.retries,
            refused=self._crowd.refused,
            backlog=backlog_of(witness, snapshot, moments),
            services=services_of(self._workload.services, self._meters, snapshot),
            failures=failures_of(witness),
            moments=moments,
            moment_seconds=self._width,
            under_way=left.under_way,
            happened=list(self._transcript.lines()) if self._workload.faults else (),
            wrong=wrong,
        )


class _HeardJournal:
    """A journal, with somebody who hears what it has kept."""

    def __init__(self, journal: Any, hear: Callable[[Sequence[Change]], None]) -> None:
        self._journal = journal
        self._hear = hear

    async def commit(self, changes: Sequence[Change]) -> None:
        await self._journal.commit(changes)
        self._hear(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class _Quiet(Transcript):
    """One that keeps what happens to processes and servers, and no call of a port."""

    def murmur(self, who: str, what: Words) -> None:
        del who, what
