"""Who hands traversals in, and sends the events that they await."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.inbox.mailbox import MailboxName
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.origins.acceptance.items import Wanted, WantedEvent
from waygrid_shell.origins.acceptance.refusals import NoRoom
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.simulation.chance import Chance
from waygrid_shell.simulation.platform import Platform
from waygrid_shell.simulation.process import Process
from waygrid_shell.simulation.workload.arrivals import Arrivals
from waygrid_shell.simulation.workload.description import Workload
from waygrid_shell.simulation.workload.witness import ARRIVAL, Witness

_ANSWER_SECONDS: Final = 60.0
"""How long somebody waits for an answer before asking again."""
_AGAIN_SECONDS: Final = 1.0


class Crowd:
    """See the module. It asks again until it is answered, as good clients do."""

    def __init__(self, compiled: Mapping[str, CompiledDag], workload: Workload, chance: Chance) -> None:
        self._compiled = compiled
        self._workload = workload
        self._chance = chance
        self._event_chance = chance.stream("events")
        self._awaits: asyncio.Queue[MailboxName] = asyncio.Queue()
        self._events = itertools.count(1)
        self._asked = 0
        self.refused = 0
        """How often a request was not taken in, or not answered."""
        self.accepted: dict[TraversalId, None] = {}
        self.hopeless: set[MailboxName] = set()
        """Awaits to which no event will come."""

    @property
    def is_busy(self) -> bool:
        """Whether it wants something, or will send an event."""
        return self._asked > 0 or not self._awaits.empty()

    def hears_await(self, mailbox: MailboxName) -> None:
        """Somebody waits there."""
        self._awaits.put_nowait(mailbox)

    async def hand_in(self, platform: Platform, witness: Witness, seconds: float) -> None:
        """All that is wanted in so many seconds; return once it was taken in."""
        loads = self._workload.specs
        own = {name: load.arrivals for name, load in loads.items() if load.arrivals is not None}
        async with anyio.create_task_group() as tasks:
            for name, arrivals in own.items():
                instants = self._instants(arrivals, f"arrivals of {name}", seconds)
                tasks.start_soon(self._keep_handing_in, tasks, platform, witness, instants, lambda name=name: name)
            shared = [name for name in loads if name not in own]
            if shared and self._workload.arrivals is not None:
                mix, shares = self._chance.stream("mix"), [loads[name].share for name in shared]
                instants = self._instants(self._workload.arrivals, "arrivals", seconds)
                tasks.start_soon(
                    self._keep_handing_in, tasks, platform, witness, instants, lambda: mix.choices(shared, shares)[0]
                )
            await anyio.sleep(seconds)

    def _instants(self, arrivals: Arrivals, stream: str, seconds: float) -> Iterator[float]:
        return arrivals.instants(self._chance.stream(stream), seconds)

    async def _keep_handing_in(
        self,
        tasks: TaskGroup,
        platform: Platform,
        witness: Witness,
        instants: Iterator[float],
        spec: Callable[[], str],
    ) -> None:
        for at in instants:
            if at > anyio.current_time():
                await anyio.sleep_until(at)
            tasks.start_soon(self._hand_in, platform, witness, spec())

    async def _hand_in(self, platform: Platform, witness: Witness, spec: str) -> None:
        number = witness.arrives(spec)
        chance = self._chance.stream(f"payload/{number}")
        wanted = Wanted(
            compiled=self._compiled[spec],
            payload=self._workload.specs[spec].payload.make(number, chance),
            name=spec,
            labels={ARRIVAL: str(number)},
            idempotency_key=str(number),
        )
        (traversal,) = await self._insist(platform, number, lambda process: process.acceptance.take_in([wanted]))
        self.accepted[traversal] = None

    async def send_events(self, platform: Platform) -> None:
        """Send those that are awaited, each in its time, until canceled."""
        async with anyio.create_task_group() as tasks:
            while True:
                mailbox = await self._awaits.get()
                load, chance = self._workload.events[mailbox.event], self._event_chance
                number, comes, after = next(self._events), chance.random() < load.share, load.after.draw(chance)
                data = load.data.make(number, chance)
                if comes:
                    wanted = WantedEvent(event=mailbox.event, key=mailbox.key, data=data, id=f"event-{number}")
                    self._asked += 1
                    tasks.start_soon(self._send, platform, number, wanted, after)
                else:
                    self.hopeless.add(mailbox)

    async def _send(self, platform: Platform, number: int, wanted: WantedEvent, after: float) -> None:
        await anyio.sleep(after)
        await self._insist(platform, number, lambda process: process.acceptance.take_event(wanted))
        self._asked -= 1

    async def _insist(self, platform: Platform, number: int, handle: Callable[[Process], Awaitable[Any]]) -> Any:
        """What it gives at one of the processes that take in, however often it must be asked."""
        for turn in itertools.count(number):
            fronts = platform.fronts()
            again = _AGAIN_SECONDS
            if fronts:
                try:
                    with anyio.fail_after(_ANSWER_SECONDS):
                        return await fronts[turn % len(fronts)].request(handle)
                except NoRoom as refusal:
                    again = float(refusal.retry_after_seconds)
                except (PortFailure, TimeoutError):
                    pass
                self.refused += 1
            await anyio.sleep(again)
        raise AssertionError("it goes on until it is answered")
