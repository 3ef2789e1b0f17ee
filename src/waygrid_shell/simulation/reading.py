"""A reader of the log at a distance: it knows late what happens to its partitions, and may go on without them.

At the log it is a member like any other. What the log gives it is on its way for a while; and what the log tells it
of its partitions, too. Who cannot be reached for as long as a session lasts loses its partitions: one that has died is
out, one that was paused or cut off goes on as if nothing had happened until it is told.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from random import Random
from typing import Final

from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.simulation.loop import NOBODY, VirtualLoop, at_once
from waygrid_shell.simulation.membership import Membership, joined
from waygrid_shell.simulation.network import Way
from waygrid_shell.simulation.servers import GroupMember, Servers

_GIVEN_AT_ONCE: Final = 100


class Session(Membership):
    """A membership in the group of all readers of these topics."""

    def __init__(
        self,
        loop: VirtualLoop,
        servers: Servers,
        topics: Sequence[str],
        *,
        way: Way,
        lasts: float,
        chance: Random,
        is_reachable: Callable[[], bool],
    ) -> None:
        """Joins. Raises `Unavailable`."""
        super().__init__(loop, way, lasts=lasts, is_reachable=is_reachable)
        self._log = servers.event_log
        self._topics = topics
        self._chance = chance
        self._membership: AbstractAsyncContextManager[GroupMember] = self._log.subscribe(topics)
        self._member = at_once(self._membership.__aenter__())
        self._wants = asyncio.Event()
        self.reader = RemoteReader(self, self._member)
        self._tasks = [
            loop.create_task(self._give(), context=NOBODY),
            loop.create_task(self._tell_of_partitions(), context=NOBODY),
        ]

    def want(self) -> None:
        """The reader has nothing left."""
        self._wants.set()

    def has_given(self, delivery: Delivery) -> bool:
        """Whether the log still thinks that the reader works on it."""
        return self._log.has_given(delivery)

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See `Subscription`; raises `Unavailable`."""
        do = partial(self._member.acknowledge, deliveries)
        await self._way.ask("event_log", f"acknowledge {len(deliveries)} of {self._topics[0]}", do, is_write=True)

    def _lose(self) -> None:
        for topic in self._topics:
            self._log.make_zombie(topic, self._member)

    def _return(self) -> None:
        for topic in self._topics:
            self._log.wake(topic, self._member)

    def _part(self) -> None:
        for task in self._tasks:
            task.cancel()
        at_once(self._membership.__aexit__(None, None, None))

    async def _give(self) -> None:
        """What there is, whenever the reader has nothing left."""
        while True:
            await self._wants.wait()
            self._wants.clear()
            taken = await self._member.take(self._chance.randint(1, _GIVEN_AT_ONCE))
            generation = self._member.generation
            await self._until(lambda: self._way.is_open)  # who is paused has it when it goes on
            self.reader.receive(taken, generation)

    async def _tell_of_partitions(self) -> None:
        while True:
            await self._member.reassigned()
            await self._until(self._is_reachable)
            self.reader.hear()


class RemoteReader:
    """See `waygrid_shell.ports.event_log.Subscription`; as it is known in its process."""

    def __init__(self, session: Session, member: GroupMember) -> None:
        self._session = session
        self._member = member
        self._partitions = member.partitions
        self._generation = self._told = member.generation
        self._received: deque[Delivery] = deque()
        self._more = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def partitions(self) -> frozenset[int]:
        return self._partitions

    @property
    def generation(self) -> int:
        return self._generation

    async def reassigned(self) -> None:
        while self._told == self._generation:
            self._moved.clear()
            await self._moved.wait()
        self._told = self._generation

    async def take(self, limit: int) -> Sequence[Delivery]:
        while not self._received:
            self._more.clear()
            self._session.want()
            await self._more.wait()
        return [self._received.popleft() for _ in range(min(limit, len(self._received)))]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        await self._session.acknowledge(deliveries)

    # --- what comes from the log

    def receive(self, taken: Sequence[Delivery], generation: int) -> None:
        """What was taken for it in that generation."""
        if generation > self._generation:
            self.hear()
        if generation < self._generation:  # it knows by now that something has moved since
            taken = [each for each in taken if self._session.has_given(each)]
        self._received.extend(taken)
        if self._received:
            self._more.set()
        else:
            self._session.want()

    def hear(self) -> None:
        """It hears which partitions it has now; what it has not handled of the others is somebody else's."""
        if self._generation == self._member.generation:
            return
        self._generation, self._partitions = self._member.generation, self._member.partitions
        self._received = deque(each for each in self._received if self._session.has_given(each))
        self._moved.set()


@asynccontextmanager
async def reading(open_session: Callable[[], Session], way: Way, topics: Sequence[str]) -> AsyncIterator[RemoteReader]:
    """A reader, as long as the context lasts. Raises `Unavailable`."""
    async with joined(open_session, way, "event_log", f"subscribe {', '.join(topics)}") as session:
        yield session.reader
