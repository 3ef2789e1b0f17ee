"""Many processes over one set of ports in memory, and what may happen to them: they die, they are paused while their
partitions go elsewhere, they go on as if they had them, and partitions move whenever they like.

All of it follows from a seed, as far as an event loop does.
"""

import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from attrs import define, evolve, field

from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.topic import topic_name
from waygrid_shell.adapters.memory.event_log import MemoryEventLog
from waygrid_shell.adapters.memory.subscription import MemorySubscription
from waygrid_shell.hosting.handler import Served
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.supervisor import leaves_of
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.telemetry.metrics import Metrics

_SYSTEM: Final = tuple(topic_name(address) for address in (WAYSTATION, SCHEDULER, INBOX))
_PORTS: Final = ("event_log", "journal", "timer_book", "event_book", "seen_ledger", "dag_store")


@define(eq=False)
class Process:
    """One that runs a service, with its own way to the ports."""

    name: str
    ports: Ports
    may_go_on: anyio.Event = field(factory=anyio.Event)
    life: anyio.CancelScope = field(factory=anyio.CancelScope)
    deaths: int = 0

    def pause(self) -> None:
        """From its next call of a port on it stands still."""
        if self.may_go_on.is_set():
            self.may_go_on = anyio.Event()

    def resume(self) -> None:
        self.may_go_on.set()


class Crowd:
    """`processes` of each service that `handlers` needs, as long as the context lasts."""

    def __init__(self, ports: Ports, handlers: Mapping[ServiceAddress, Served], seed: int, processes: int = 3) -> None:
        assert isinstance(ports.event_log, MemoryEventLog)
        self._ports = ports
        self._log = ports.event_log
        self._handlers = handlers
        self._random = random.Random(seed)
        self._count = processes
        self.processes: list[Process] = []
        self.topics = (*_SYSTEM, *(topic_name(address) for address in handlers))
        self._zombies: list[tuple[str, MemorySubscription]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            for number in range(self._count):
                services = Crew(self._ports, self._handlers, Metrics()).services
                for name in services:
                    process = Process(f"{name} {number}", self._ports)
                    process.resume()
                    process.ports = self._way_of(process)
                    run = Crew(process.ports, self._handlers, Metrics()).services[name]
                    self.processes.append(process)
                    tasks.start_soon(self._keep_running, process, run)
            yield
            tasks.cancel_scope.cancel()

    async def _keep_running(self, process: Process, run: Callable[[], Any]) -> None:
        while True:
            with anyio.CancelScope() as process.life:
                try:
                    await run()
                except (PortFailure, BaseExceptionGroup) as error:
                    if not all(isinstance(leaf, PortFailure) for leaf in leaves_of(error)):
                        raise
            process.deaths += 1
            process.resume()
            await anyio.sleep(0)

    def _way_of(self, process: Process) -> Ports:
        ways: dict[str, Any] = {name: _Way(getattr(self._ports, name), process, self._random) for name in _PORTS}
        return evolve(self._ports, **ways)

    # --- what happens

    async def disturb(self, times: int) -> None:
        """Have so many things happen, and then leave all in peace; whoever is a zombie hears of it."""
        events = (self._kill, self._kill, self._rebalance, self._haunt, self._haunt, self._wake)
        for _ in range(times):
            self._random.choice(events)()
            for _ in range(self._random.randrange(40)):
                await anyio.sleep(0)
        while self._zombies:
            self._wake()
        for process in self.processes:
            process.resume()

    def _kill(self) -> None:
        self._random.choice(self.processes).life.cancel()

    def _rebalance(self) -> None:
        self._log.rebalance(self._random.choice(self.topics))

    def _haunt(self) -> None:
        topic = self._random.choice(self.topics)
        readers = self._log.readers(topic)
        if len(readers) < 2:
            return
        if self._random.random() < 0.5:
            self._random.choice(self.processes).pause()
        zombie = self._random.choice(readers)
        self._log.make_zombie(topic, zombie)
        self._zombies.append((topic, zombie))

    def _wake(self) -> None:
        if self._zombies:
            topic, zombie = self._zombies.pop(self._random.randrange(len(self._zombies)))
            self._log.wake(topic, zombie)
        self._random.choice(self.processes).resume()


class _Way:
    """Anything with methods; what waits takes its time before and after, and stands still while its process does."""

    def __init__(self, port: Any, process: Process, chance: random.Random) -> None:
        self._port = port
        self._process = process
        self._chance = chance

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method) or name in ("take", "reassigned"):
            return method

        async def call(*arguments: Any, **named: Any) -> Any:
            await self._linger()
            result = await method(*arguments, **named)
            await self._linger()
            return result

        return call

    async def _linger(self) -> None:
        for _ in range(self._chance.randrange(4)):
            await anyio.sleep(0)
        await self._process.may_go_on.wait()

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[Any]:
        async with self._port.subscribe(topics) as subscription:
            yield _Way(subscription, self._process, self._chance)
