"""Watches the live feed once, for all who watch a traversal, as long as there are any.

What is told is given to those who watch its root; so a thousand streams cost the feed one watcher, and a stream only
sees what is its own. Who is slow misses something, and is told that it did: the journal has it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from attrs import define, field

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.api.listening import Listening
from waygrid_shell.ports.live_feed import LiveFeed, Told

MAX_WATCHERS: Final = 1_000
"""Streams at once. Each costs a connection, and work for everything that it is told."""

LOOK_SECONDS: Final = 15.0
"""How often a watcher looks into the journal whatever it is told, and says that it is still there."""

_BEHIND: Final = 20_000
"""What a watcher may be behind, in things told, before it misses something: some batches of the waystation."""


@define(eq=False)
class Watcher:
    """One who watches everything of one root. `has_missed`, until it looks into the journal."""

    _send: MemoryObjectSendStream[Told]
    _receive: MemoryObjectReceiveStream[Told]
    has_missed: bool = False

    def tell(self, told: Told) -> None:
        """Never waits."""
        try:
            self._send.send_nowait(told)
        except anyio.WouldBlock:
            self.has_missed = True

    async def next(self, seconds: float) -> list[Told] | None:
        """All that was told meanwhile, after at most that time; None once there will be no more."""
        told: list[Told] = []
        with anyio.move_on_after(seconds):
            try:
                told.append(await self._receive.receive())
            except anyio.EndOfStream:
                return None
        while True:
            try:
                told.append(self._receive.receive_nowait())
            except (anyio.WouldBlock, anyio.EndOfStream):
                return told

    def close(self) -> None:
        """Nothing more is told."""
        self._send.close()


@define(eq=False)
class Lookout:
    """Who watches what. Its `run` must run: the lifespan of the application sees to it."""

    live_feed: LiveFeed
    look_seconds: float = LOOK_SECONDS
    _watchers: dict[TraversalId, list[Watcher]] = field(factory=dict, init=False)
    _is_closed: bool = field(default=False, init=False)
    _listening: Listening = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._listening = Listening(self.live_feed)

    @property
    def watching(self) -> int:
        """How many watch."""
        return sum(map(len, self._watchers.values()))

    @property
    def has_room(self) -> bool:
        """Whether one more may watch."""
        return self.watching < MAX_WATCHERS and not self._is_closed

    async def run(self) -> None:
        """Pass on what is told until canceled; then there is nothing more to watch."""
        try:
            await self._listening.run(self._pass_on)
        finally:
            self.close()

    def close(self) -> None:
        """End all streams, and let nobody watch any more: the platform stops."""
        self._is_closed = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.close()

    @asynccontextmanager
    async def watch(self, root: TraversalId) -> AsyncIterator[Watcher]:
        """Watch from now on."""
        send, receive = anyio.create_memory_object_stream[Told](_BEHIND)
        watcher = Watcher(send, receive)
        self._watchers.setdefault(root, []).append(watcher)
        if self._is_closed:
            watcher.close()
        try:
            async with self._listening.wanted():
                yield watcher
        finally:
            self._watchers[root].remove(watcher)
            if not self._watchers[root]:
                del self._watchers[root]
            send.close()
            receive.close()

    def _pass_on(self, told: Sequence[Told]) -> None:
        if self._watchers:
            for each in told:
                for watcher in self._watchers.get(each.root, ()):
                    watcher.tell(each)
