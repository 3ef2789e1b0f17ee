"""A membership in a group of readers, as the group sees it: who is not heard of for too long takes part no more.

Who has died is out then. Who was only paused or cut off does not know it, and goes on until it is told.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from waygrid_shell.simulation.loop import NOBODY, VirtualLoop
from waygrid_shell.simulation.network import Way

M = TypeVar("M", bound="Membership")

_SENT_AGAIN_SECONDS: Final = 0.1


class Membership(ABC):
    """`lasts`: how long its process may not be reached, in seconds."""

    def __init__(self, loop: VirtualLoop, way: Way, *, lasts: float, is_reachable: Callable[[], bool]) -> None:
        self._loop = loop
        self._way = way
        self._lasts = lasts
        self._is_reachable = is_reachable
        self._expiry: asyncio.TimerHandle | None = None
        self._is_thought_dead = False
        self.is_over = False

    def look(self) -> None:
        """It has become reachable, or is not any more."""
        if self.is_over:
            return
        if not self._is_reachable():
            if self._expiry is None:
                self._expiry = self._loop.call_later(self._lasts, self._expire, context=NOBODY)
            return
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if self._is_thought_dead:
            self._loop.call_later(self._way.takes(), self._wake, context=NOBODY)

    def abandon(self) -> None:
        """Nobody reads any more, and cannot say so: the group finds out."""
        self._loop.call_later(self._lasts, self.leave, context=NOBODY)

    def leave(self) -> None:
        """It takes part no more."""
        if self.is_over:
            return
        self.is_over = True
        if self._expiry is not None:
            self._expiry.cancel()
        self._part()

    def _expire(self) -> None:
        """Nobody has heard of it for too long."""
        if self._way.is_severed or self.is_over:
            self.leave()
        elif not self._is_thought_dead:
            self._is_thought_dead = True
            self._lose()

    def _wake(self) -> None:
        """It hears that it was thought dead."""
        if self._is_thought_dead and self._is_reachable() and not self.is_over:
            self._is_thought_dead = False
            self._return()

    async def _until(self, arrives: Callable[[], bool]) -> None:
        """What did not arrive is sent again, until it does."""
        await asyncio.sleep(self._way.takes())
        while not arrives():
            await asyncio.sleep(_SENT_AGAIN_SECONDS + self._way.takes())

    # --- what a group does

    @abstractmethod
    def _lose(self) -> None:
        """What it read is read by others from now on, and it does not know."""

    @abstractmethod
    def _return(self) -> None:
        """It is told."""

    @abstractmethod
    def _part(self) -> None:
        """It is gone."""


@asynccontextmanager
async def joined(open_membership: Callable[[], M], way: Way, port: str, what: str) -> AsyncIterator[M]:
    """A membership, as long as the context lasts. Raises `Unavailable`."""
    opened: list[M] = []
    has_given_up = False

    async def join() -> M:
        membership = open_membership()
        opened.append(membership)
        if has_given_up:
            membership.abandon()
        return membership

    try:
        yield await way.ask(port, what, join)
    finally:
        has_given_up = True
        for each in opened:
            if way.is_open:
                each.leave()
            else:
                each.abandon()
