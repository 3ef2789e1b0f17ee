"""The book of events from outside, and of the awaits that wait for them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from waygrid_core.inbox.mailbox import Mailbox, MailboxName, Waiter


class EventBook(Protocol):
    """Keeps mailboxes. What `save` returned from is kept through a crash; a batch is saved whole or not at all."""

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, Mailbox]:
        """These mailboxes; absent where nothing has come yet."""
        ...

    async def save(self, mailboxes: Mapping[MailboxName, Mailbox]) -> None:
        """Keep them as they are now. Raises `StorageFull` or `Unavailable`."""
        ...

    async def with_key(self, keys: Sequence[str]) -> Sequence[MailboxName]:
        """The mailboxes of these keys, whatever their events."""
        ...

    async def waiting(self) -> Sequence[tuple[MailboxName, Waiter]]:
        """Every await that waits now."""
        ...
