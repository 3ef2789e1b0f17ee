"""Listens to the live feed as long as somebody wants what it tells.

Where nobody in any process listens, nothing is sent: so a process of a cluster that only now and then has somebody who
watches costs the others nothing in between.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn

import anyio
from attrs import define, field

from waygrid_shell.ports.live_feed import LiveFeed, Told

_LINGER_SECONDS: Final = 30.0
"""How long it goes on after the last one has left: the next one often comes soon."""
_READY_SECONDS: Final = 3.0
"""So long is waited for a feed that is slow to begin; who watches looks into the journal as well."""


@define(eq=False)
class Listening:
    """Who wants to hear. Its `run` must run."""

    live_feed: LiveFeed
    _wanted: int = field(default=0, init=False)
    _has_changed: anyio.Event = field(factory=anyio.Event, init=False)
    _has_begun: anyio.Event = field(factory=anyio.Event, init=False)

    async def run(self, hear: Callable[[Sequence[Told]], None]) -> NoReturn:
        """Give what is told to `hear`, while it is wanted, until canceled."""
        while True:
            await self._until(is_wanted=True)
            async with self.live_feed.watch() as feed, anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_when_unwanted, tasks.cancel_scope)
                self._has_begun.set()
                async for told in feed:
                    hear(told)

    @asynccontextmanager
    async def wanted(self) -> AsyncIterator[bool]:
        """Want it. What is told from then on is heard; whether it was heard before as well."""
        self._wanted += 1
        self._has_changed.set()
        try:
            was_heard = self._has_begun.is_set()
            with anyio.move_on_after(_READY_SECONDS):
                await self._has_begun.wait()
            yield was_heard
        finally:
            self._wanted -= 1
            self._has_changed.set()

    async def _end_when_unwanted(self, scope: anyio.CancelScope) -> None:
        while True:
            await self._until(is_wanted=False)
            with anyio.move_on_after(_LINGER_SECONDS):
                await self._until(is_wanted=True)
            if not self._wanted:
                self._has_begun = anyio.Event()  # at once: who comes while it ends is not heard any more
                scope.cancel()
                return

    async def _until(self, *, is_wanted: bool) -> None:
        while (self._wanted > 0) is not is_wanted:
            self._has_changed = anyio.Event()
            await self._has_changed.wait()
