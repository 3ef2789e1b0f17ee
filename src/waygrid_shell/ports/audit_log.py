"""The audit log: who asked for what, and whether it was granted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen


@frozen(kw_only=True)
class AuditEntry:
    """Something that somebody asked the platform to change. `principal` is empty where no key is needed."""

    at: datetime
    principal: str
    action: str
    """Such as `submit`, `cancel`, `redrive`: the name of the API's operation."""
    subject: str
    """What it was done to: a traversal, an event, a principal; empty if nothing was."""
    outcome: str
    """`granted`, or the code of the refusal."""
    address: str
    """Where the request came from; empty if that is not known."""


@frozen
class Audited:
    """An entry and its number: numbers rise, and may leave gaps."""

    number: int
    entry: AuditEntry


class AuditLog(Protocol):
    """Keeps entries for a time. What `append` returned from is kept through a crash."""

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Keep these. Raises `StorageFull` or `Unavailable`."""
        ...

    async def read(
        self, *, before: int | None = None, limit: int = 100, principal: str | None = None, subject: str | None = None
    ) -> Sequence[Audited]:
        """At most `limit` entries with numbers below `before`, the newest first; those of a principal, of a subject."""
        ...

    async def forget(self, before: datetime) -> int:
        """Forget entries older than that; how many they were."""
        ...
