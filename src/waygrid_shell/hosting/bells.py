"""Bells: whoever watches something by its name is woken when it may have changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Bells:
    """The bells of all who watch, in this process."""

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = {}
        """One a watcher, by what it watches."""

    def ring(self, name: str) -> None:
        """Wake all who watch `name`; several rings that nobody has heard yet are one."""
        for bell in self._bells.get(name, ()):
            bell.set()

    def ring_all(self) -> None:
        """Wake everybody: who rings does not know what has changed."""
        for name in self._bells:
            self.ring(name)

    @asynccontextmanager
    async def watch(self, name: str) -> AsyncIterator[AsyncIterator[None]]:
        """Yields at once, for there may be something already, and after each ring."""
        bell = asyncio.Event()
        bell.set()
        self._bells.setdefault(name, set()).add(bell)
        try:
            yield _rings(bell)
        finally:
            self._bells[name].discard(bell)
            if not self._bells[name]:
                del self._bells[name]


async def _rings(bell: asyncio.Event) -> AsyncIterator[None]:
    while True:
        await bell.wait()
        bell.clear()
        yield
