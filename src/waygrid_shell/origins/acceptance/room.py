"""Whether there is room for more: the back-pressure of whoever hands in."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import anyio

from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.topic import topic_name
from waygrid_shell.origins.acceptance.refusals import NoRoom
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.journal import Journal
from waygrid_shell.settings.settings import ServerSettings

_WAYSTATION: Final = topic_name(WAYSTATION)
_LOOK_SECONDS: Final = 1.0
_SOON_SECONDS: Final = 1
_LATER_SECONDS: Final = 5


class Room:
    """Counts who waits, and what is under way.

    How many traversals have not ended is asked of the journal once in a while, and of the event log how many messages
    the waystation has still to hear, for each may be a traversal that has not begun. What was taken in since is added;
    what has ended since is not known. So it errs on the side of refusing, for a second.
    """

    def __init__(self, journal: Journal, event_log: EventLog, settings: ServerSettings) -> None:
        self._journal = journal
        self._log = event_log
        self._max_waiting = settings.max_waiting_submissions
        self._max_unfinished = settings.max_unfinished
        self._waiting = 0
        self._asked_for = 0
        self._seen = 0
        self._taken_since = 0

    async def look_often(self) -> None:
        """Look until canceled. Ports that do not answer leave the count as it was."""
        while True:
            with suppress(PortFailure):
                await self._look()
            await anyio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        taken_before = self._taken_since
        backlog = await self._log.backlog()
        self._seen = backlog.get(_WAYSTATION, 0) + await self._journal.count_unfinished()
        self._taken_since -= taken_before

    def taken(self, count: int) -> None:
        """So many more are under way."""
        self._taken_since += count

    @property
    def left(self) -> int:
        """How many more traversals there is room for; never below 0."""
        return max(0, self._max_unfinished - self._under_way)

    @property
    def _under_way(self) -> int:
        return self._seen + self._taken_since + self._asked_for

    @contextmanager
    def for_traversals(self, count: int) -> Iterator[None]:
        """Stand in line with a request for so many traversals. Raises `NoRoom` before anything is done."""
        under_way = self._under_way
        if under_way + count > self._max_unfinished:
            raise NoRoom(
                f"{under_way} traversals are under way, and there is room for {self._max_unfinished}"
                " (server.max_unfinished of the settings)",
                _LATER_SECONDS,
            )
        self._asked_for += count
        try:
            with self.for_event():
                yield
        finally:
            self._asked_for -= count

    @contextmanager
    def for_event(self) -> Iterator[None]:
        """Stand in line with a request that adds no traversal."""
        if self._waiting >= self._max_waiting:
            raise NoRoom(
                f"{self._waiting} requests wait for the disk already (server.max_waiting_submissions of the settings)",
                _SOON_SECONDS,
            )
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
