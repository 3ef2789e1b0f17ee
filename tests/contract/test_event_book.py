"""The contract of the event book."""

import pytest

from waygrid_core.inbox.hearing import hear
from waygrid_core.inbox.mailbox import (
    EMPTY_MAILBOX,
    AwaitCanceled,
    AwaitComes,
    EventComes,
    InboxSignal,
    Mailbox,
    MailboxName,
    Waiter,
)
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio
APPROVED = MailboxName("approved", "order-1")


def waiter(name: str) -> Waiter:
    return Waiter(TraversalId(name), NodeId("n"), 1)


def after(*signals: InboxSignal) -> Mailbox:
    mailbox = EMPTY_MAILBOX
    for signal in signals:
        mailbox, _ = hear(mailbox, signal)
    return mailbox


async def test_mailboxes_come_back_as_they_were_saved(open_kept_ports: OpenPorts) -> None:
    full = after(
        AwaitComes(waiter("a")),
        AwaitComes(waiter("b")),
        EventComes("e1", {"by": "Ada", "n": [1, None]}),
        AwaitCanceled(waiter("b")),
        EventComes("e2", None),
        EventComes("e3", "x"),
    )
    waits = after(AwaitComes(waiter("c")))
    async with open_kept_ports() as ports:
        paid = MailboxName("paid", "order-2")
        await ports.event_book.save({APPROVED: KeptMailbox(full), paid: KeptMailbox(waits)})
    async with open_kept_ports() as ports:
        found = await ports.event_book.load([APPROVED, MailboxName("approved", "order-2")])
        assert found == {APPROVED: KeptMailbox(full, 1)}
        assert await ports.event_book.waiting() == [(MailboxName("paid", "order-2"), waiter("c"))]


async def test_a_mailbox_that_nobody_waits_at_any_more_is_not_listed(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        await ports.event_book.save({APPROVED: KeptMailbox(after(AwaitComes(waiter("a"))))})
        await ports.event_book.save({APPROVED: KeptMailbox(after(AwaitComes(waiter("a")), EventComes("e", 1)), 1)})
        assert await ports.event_book.waiting() == []


async def test_mailboxes_are_found_by_key(open_kept_ports: OpenPorts) -> None:
    names = [MailboxName("approved", "k"), MailboxName("paid", "k"), MailboxName("paid", "other")]
    async with open_kept_ports() as ports:
        await ports.event_book.save({name: KeptMailbox(after(EventComes("e", 1))) for name in names})
    async with open_kept_ports() as ports:
        assert list(await ports.event_book.with_key(["k", "unknown"])) == names[:2]


async def test_of_two_who_made_something_of_the_same_mailbox_the_second_keeps_nothing(
    open_kept_ports: OpenPorts,
) -> None:
    first, other = after(AwaitComes(waiter("a"))), MailboxName("paid", "order-2")
    heard = after(AwaitComes(waiter("a")), EventComes("e", 1))
    async with open_kept_ports() as ports:
        await ports.event_book.save({APPROVED: KeptMailbox(first)})
        for stale in (0, 2):
            with pytest.raises(VersionConflict):
                await ports.event_book.save({other: KeptMailbox(first), APPROVED: KeptMailbox(heard, stale)})
        with pytest.raises(VersionConflict):
            await ports.event_book.save({other: KeptMailbox(first, 1)})
    async with open_kept_ports() as ports:
        assert await ports.event_book.load([APPROVED, other]) == {APPROVED: KeptMailbox(first, 1)}
        await ports.event_book.save({APPROVED: KeptMailbox(heard, 1)})
        assert await ports.event_book.load([APPROVED]) == {APPROVED: KeptMailbox(heard, 2)}
