"""The event book in memory."""

from collections.abc import Mapping, Sequence

from waygrid_core.inbox.mailbox import Mailbox, MailboxName, Waiter


class MemoryEventBook:
    """See `waygrid_shell.ports.event_book.EventBook`."""

    def __init__(self) -> None:
        self._mailboxes: dict[MailboxName, Mailbox] = {}
        self._by_key: dict[str, set[MailboxName]] = {}

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, Mailbox]:
        return {name: self._mailboxes[name] for name in names if name in self._mailboxes}

    async def save(self, mailboxes: Mapping[MailboxName, Mailbox]) -> None:
        self._mailboxes.update(mailboxes)
        for name in mailboxes:
            self._by_key.setdefault(name.key, set()).add(name)

    async def with_key(self, keys: Sequence[str]) -> Sequence[MailboxName]:
        return [name for key in keys for name in sorted(self._by_key.get(key, ()), key=lambda each: each.event)]

    async def waiting(self) -> Sequence[tuple[MailboxName, Waiter]]:
        return [(name, waiter) for name, mailbox in self._mailboxes.items() for waiter in mailbox.waiting]
