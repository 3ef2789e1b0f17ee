"""Presence: which processes run now."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import Factory, frozen


@frozen(kw_only=True)
class ProcessInfo:
    """A process of the platform. `services` are those that it runs, `addresses` those that its workers serve."""

    id: str
    host: str
    pid: int
    version: str
    started_at: datetime
    services: Sequence[str]
    addresses: Sequence[str] = ()
    ailments: Mapping[str, str] = Factory(dict)
    """What cannot do its work, by part, and why."""


class Presence(Protocol):
    """Tells who is there. For people and for hints: a process that is not shown may still run, for a while."""

    async def announce(self, process: ProcessInfo, lasts: timedelta) -> None:
        """Show it for so long from now on, as it is now. Raises `Unavailable`."""
        ...

    async def withdraw(self, process_id: str) -> None:
        """Show it no more. Raises `Unavailable`."""
        ...

    async def present(self) -> Sequence[ProcessInfo]:
        """Those that are shown, in the order of their ids. Raises `Unavailable`."""
        ...
