"""The event book in memory."""

from collections.abc import Mapping, Sequence

from attrs import evolve

from waygrid_core.inbox.mailbox import MailboxName, Waiter
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.failure import VersionConflict


class MemoryEventBook:
    """See `waygrid_shell.ports.event_book.EventBook`."""

    def __init__(self) -> None:
        self._kept: dict[MailboxName, KeptMailbox] = {}
        self._by_key: dict[str, set[MailboxName]] = {}

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, KeptMailbox]:
        return {name: self._kept[name] for name in names if name in self._kept}

    async def save(self, mailboxes: Mapping[MailboxName, KeptMailbox]) -> None:
        for name, kept in mailboxes.items():
            before = self._kept.get(name)
            if (0 if before is None else before.version) != kept.version:
                raise VersionConflict(f"mailbox {name.event}/{name.key}", kept.version)
        for name, kept in mailboxes.items():
            self._kept[name] = evolve(kept, version=kept.version + 1)
            self._by_key.setdefault(name.key, set()).add(name)

    async def with_key(self, keys: Sequence[str]) -> Sequence[MailboxName]:
        return [name for key in keys for name in sorted(self._by_key.get(key, ()), key=lambda each: each.event)]

    async def waiting(self) -> Sequence[tuple[MailboxName, Waiter]]:
        return [(name, waiter) for name, kept in self._kept.items() for waiter in kept.mailbox.waiting]
