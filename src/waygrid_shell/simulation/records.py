"""Topics of the users' own, at a distance: what an origin reads, and a destination writes.

A group has one member at a time here. Who was thought dead is told so when it takes the next time, and must join anew;
what it says to be done with until then does not count.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.record_log import ForeignRecord, ForeignSubscription, Posting
from waygrid_shell.simulation.loop import NOBODY, VirtualLoop, at_once
from waygrid_shell.simulation.membership import Membership, joined
from waygrid_shell.simulation.network import Way
from waygrid_shell.simulation.servers import Servers


class RecordSession(Membership):
    """A membership in a group of readers of such topics. It is its own `ForeignSubscription`."""

    def __init__(
        self,
        loop: VirtualLoop,
        servers: Servers,
        topics: Sequence[str],
        group: str,
        *,
        way: Way,
        lasts: float,
        is_reachable: Callable[[], bool],
    ) -> None:
        """Joins. Raises `Unavailable` while the group has a member."""
        super().__init__(loop, way, lasts=lasts, is_reachable=is_reachable)
        self._membership: AbstractAsyncContextManager[ForeignSubscription]
        self._membership = servers.record_log.subscribe(topics, group)
        self._member = at_once(self._membership.__aenter__())
        self._received: deque[ForeignRecord] = deque()
        self._wants = asyncio.Event()
        self._has_some = asyncio.Event()
        self._is_out = False
        self._task = loop.create_task(self._give(), context=NOBODY)

    async def take(self, limit: int) -> Sequence[ForeignRecord]:
        """See `ForeignSubscription`."""
        while not self._received:
            if self._is_out:
                raise Unavailable("record log", "the group goes on without this member; join it again")
            self._has_some.clear()
            self._wants.set()
            await self._has_some.wait()
        return [self._received.popleft() for _ in range(min(limit, len(self._received)))]

    async def acknowledge(self, records: Sequence[ForeignRecord]) -> None:
        """See `ForeignSubscription`."""
        await self._way.ask("record_log", "acknowledge", partial(self._done_with, records), is_write=True)

    async def _done_with(self, records: Sequence[ForeignRecord]) -> None:
        if not (self._is_thought_dead or self.is_over):
            await self._member.acknowledge(records)

    async def _give(self) -> None:
        while True:
            await self._wants.wait()
            self._wants.clear()
            taken = await self._member.take(100)
            await self._until(lambda: self._way.is_open)
            self._received.extend(taken)
            self._has_some.set()

    def _lose(self) -> None:
        self._task.cancel()
        at_once(self._membership.__aexit__(None, None, None))

    def _return(self) -> None:
        self._is_thought_dead = True  # it stays out
        self._is_out = True
        self._has_some.set()

    def _part(self) -> None:
        self._task.cancel()
        if not self._is_thought_dead:
            at_once(self._membership.__aexit__(None, None, None))


class RemoteRecordLog:
    """See `waygrid_shell.ports.record_log.RecordLog`."""

    def __init__(self, way: Way, servers: Servers, open_session: Callable[[Sequence[str], str], RecordSession]) -> None:
        self._way = way
        self._servers = servers
        self._open_session = open_session

    def subscribe(self, topics: Sequence[str], group: str) -> AbstractAsyncContextManager[ForeignSubscription]:
        open_session = partial(self._open_session, topics, group)
        return joined(open_session, self._way, "record_log", f"subscribe {', '.join(topics)}")

    async def post(self, posting: Posting) -> tuple[int, int]:
        return await self._way.ask(
            "record_log", f"post to {posting.topic}", lambda: self._servers.record_log.post(posting), is_write=True
        )
