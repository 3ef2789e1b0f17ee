"""Presence in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.presence import ProcessInfo


class MemoryPresence:
    """See `waygrid_shell.ports.presence.Presence`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown: dict[str, tuple[ProcessInfo, datetime]] = {}

    async def announce(self, process: ProcessInfo, lasts: timedelta) -> None:
        self._shown[process.id] = process, self._clock.now() + lasts

    async def withdraw(self, process_id: str) -> None:
        self._shown.pop(process_id, None)

    async def present(self) -> Sequence[ProcessInfo]:
        now = self._clock.now()
        self._shown = {name: shown for name, shown in self._shown.items() if shown[1] > now}
        return [process for _, (process, _) in sorted(self._shown.items())]
