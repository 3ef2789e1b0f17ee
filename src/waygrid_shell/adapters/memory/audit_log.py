"""The audit log in memory, as long as the object lives."""

from collections.abc import Sequence
from datetime import datetime

from waygrid_shell.ports.audit_log import Audited, AuditEntry


class MemoryAuditLog:
    """See `waygrid_shell.ports.audit_log.AuditLog`."""

    def __init__(self) -> None:
        self._entries: list[Audited] = []
        self._last = 0

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        for entry in entries:
            self._last += 1
            self._entries.append(Audited(self._last, entry))

    async def read(
        self, *, before: int | None = None, limit: int = 100, principal: str | None = None, subject: str | None = None
    ) -> Sequence[Audited]:
        found = [
            each
            for each in reversed(self._entries)
            if (before is None or each.number < before)
            and (principal is None or each.entry.principal == principal)
            and (subject is None or each.entry.subject == subject)
        ]
        return found[:limit]

    async def forget(self, before: datetime) -> int:
        kept = [each for each in self._entries if each.entry.at >= before]
        forgotten = len(self._entries) - len(kept)
        self._entries = kept
        return forgotten
