"""Waits for traversals to end, for requests that want the outcome at once.

One watcher of the live feed serves all who wait, so that what a thousand waiters cost is what one costs. The feed may
drop, so the journal is looked at as well, once in a while, for all of them together.
"""

from typing import Final

import anyio
from attrs import define, field

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.state import TERMINAL
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.journal import Journal
from waygrid_shell.ports.live_feed import LiveFeed, Sighting

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

    async def run(self) -> None:
        """Watch until canceled."""
        async with self.live_feed.watch() as feed, anyio.create_task_group() as tasks:
            tasks.start_soon(self._look_often)
            async for told in feed:
                for each in told:
                    if isinstance(each, Sighting) and each.status in TERMINAL:
                        self._note(each.traversal)

    async def wait_for(self, traversal: TraversalId, seconds: float) -> bool:
        """Whether it has ended within that time, and before `close`."""
        if traversal in self._ended or self._is_closed:
            return traversal in self._ended
        event = anyio.Event()
        self._waiters.setdefault(traversal, []).append(event)
        try:
            with anyio.move_on_after(seconds):
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

    def _note(self, traversal: TraversalId) -> None:
        self._ended[traversal] = None
        if len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]
        for event in self._waiters.pop(traversal, ()):
            event.set()

    async def _look_often(self) -> None:
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            if not self._waiters:
                continue
            try:
                summaries = await self.journal.summaries(list(self._waiters))
            except PortFailure:
                continue  # the feed may still tell, and who waits has a deadline
            for traversal, summary in summaries.items():
                if summary.status in TERMINAL:
                    self._note(traversal)
