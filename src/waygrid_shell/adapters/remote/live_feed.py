"""The live feed of a worker elsewhere: it only tells."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from waygrid_core.message.identity import work_key
from waygrid_shell.adapters.remote.link import Link
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.live_feed import Progress, Told


class RemoteLiveFeed:
    """See `waygrid_shell.ports.live_feed.LiveFeed`. Progress goes to those who watch on the server."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def tell(self, told: Sequence[Told]) -> None:
        for each in told:
            if isinstance(each, Progress):
                self._link.tell(work_key(each.traversal, each.node, each.attempt), each.data)

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[Sequence[Told]]]:
        raise Unavailable("live feed", "workers elsewhere only tell")
        yield  # a context manager has one
