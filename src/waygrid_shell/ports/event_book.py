"""The book of events from outside, and of the awaits that wait for them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from waygrid_core.inbox.mailbox import Mailbox, MailboxName, Waiter


@frozen
class KeptMailbox:
    """A mailbox, and its version: how often it has been saved. One that was never saved has 0."""

    mailbox: Mailbox
    version: int = 0


class EventBook(Protocol):
    """Keeps mailboxes. What `save` returned from is kept through a crash; a batch is saved whole or not at all.

    Versions guard: two processes may think that they own a mailbox, while its partition goes from one to the other.
    """

    async def load(self, names: Sequence[MailboxName]) -> Mapping[MailboxName, KeptMailbox]:
        """These mailboxes; absent where nothing has come yet."""
        ...

    async def save(self, mailboxes: Mapping[MailboxName, KeptMailbox]) -> None:
        """Keep them as they are now, each one version on from the one that it was loaded with, which it bears.

        Raises `VersionConflict` if one of them has another version by now, `StorageFull` or `Unavailable`.
        """
        ...

    async def with_key(self, keys: Sequence[str]) -> Sequence[MailboxName]:
        """The mailboxes of these keys, whatever their events."""
        ...

    async def waiting(self) -> Sequence[tuple[MailboxName, Waiter]]:
        """Every await that waits now."""
        ...
