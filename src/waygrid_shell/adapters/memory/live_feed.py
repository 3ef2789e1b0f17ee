"""The live feed in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from waygrid_shell.ports.live_feed import Told

_BUFFERED_BATCHES = 1_000
"""What a slow watcher may be behind before it misses something."""


class MemoryLiveFeed:
    """See `waygrid_shell.ports.live_feed.LiveFeed`."""

    def __init__(self) -> None:
        self._watchers: list[MemoryObjectSendStream[Sequence[Told]]] = []

    def tell(self, told: Sequence[Told]) -> None:
        for watcher in self._watchers:
            with suppress(anyio.WouldBlock):  # it may miss some, says the port
                watcher.send_nowait(told)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[Sequence[Told]]]:
        send, receive = anyio.create_memory_object_stream[Sequence[Told]](_BUFFERED_BATCHES)
        self._watchers.append(send)
        try:
            async with receive:
                yield receive
        finally:
            self._watchers.remove(send)
            send.close()
