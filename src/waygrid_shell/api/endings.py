"""Waits for traversals to end, for requests that want the outcome at once.

One watcher of the live feed serves all who wait, as long as there are any, so that what a thousand waiters cost is what
one costs. The feed may drop, so the journal is looked at as well, once in a while, for all of them together.
"""

from collections.abc import Sequence
from typing import Final

import anyio
from attrs import define, field

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.state import TERMINAL
from waygrid_shell.api.listening import Listening
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.journal import Journal
from waygrid_shell.ports.live_feed import LiveFeed, Sighting, Told

_LOOK_SECONDS: Final = 0.5
_REMEMBERED: Final = 10_000
"""How many that ended lately are known here: one may end before its request gets to wait for it."""


@define(eq=False)
class Endings:
    """Who waits for what. Its `run` must run: the lifespan of the application sees to it."""

    live_feed: LiveFeed
    journal: Journal
    _waiters: dict[TraversalId, list[anyio.Event]] = field(factory=dict, init=False)
    _ended: dict[TraversalId, None] = field(factory=dict, init=False)
    _is_closed: bool = field(default=False, init=False)
    _listening: Listening = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._listening = Listening(self.live_feed)

    async def run(self) -> None:
        """Watch until canceled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._look_often)
            await self._listening.run(self._hear)

    async def wait_for(self, traversal: TraversalId, seconds: float) -> bool:
        """Whether it has ended within that time, and before `close`."""
        if traversal in self._ended or self._is_closed:
            return traversal in self._ended
        event = anyio.Event()
        self._waiters.setdefault(traversal, []).append(event)
        try:
            with anyio.move_on_after(seconds):
                async with self._listening.wanted() as was_heard:
                    if not was_heard:  # it may have ended before
                        await self._look([traversal])
                    await event.wait()
            return traversal in self._ended
        finally:
            waiters = self._waiters.get(traversal, [])
            if event in waiters:
                waiters.remove(event)
            if not waiters:
                self._waiters.pop(traversal, None)

    def close(self) -> None:
        """Have nobody wait any longer: the server is to stop."""
        self._is_closed = True
        for events in self._waiters.values():
            for event in events:
                event.set()

    def _hear(self, told: Sequence[Told]) -> None:
        for each in told:
            if isinstance(each, Sighting) and each.status in TERMINAL:
                self._note(each.traversal)

    def _note(self, traversal: TraversalId) -> None:
        self._ended[traversal] = None
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]
        for event in self._waiters.pop(traversal, ()):
            event.set()

    async def _look_often(self) -> None:
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            if self._waiters:
                await self._look(list(self._waiters))

    async def _look(self, traversals: Sequence[TraversalId]) -> None:
        try:
            summaries = await self.journal.summaries(traversals)
        except PortFailure:
            return  # the feed may still tell, and who waits has a deadline
        for traversal, summary in summaries.items():
            if summary.status in TERMINAL:
                self._note(traversal)
