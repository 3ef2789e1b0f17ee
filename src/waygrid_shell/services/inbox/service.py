"""Hears awaits and events, keeps both until they meet, and answers as a processor does.

Nothing is at hand between batches: a mailbox is loaded when something comes for it, and kept under its version. So two
processes may hear for one mailbox: one that has lost its partition and does not know it yet, or the end of a traversal,
which comes by the partition of the traversal and not by that of the mailbox.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import anyio

from waygrid_core.envelope.domain import DomainEnvelope
from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.inbox.hearing import hear, told_again
from waygrid_core.inbox.mailbox import (
    EMPTY_MAILBOX,
    Answer,
    AwaitCanceled,
    AwaitComes,
    EventComes,
    InboxSignal,
    Mailbox,
    MailboxName,
    TraversalEnds,
    Waiter,
    mailbox_of,
)
from waygrid_core.message.messages import (
    EventReceived,
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    TraversalEnded,
)
from waygrid_core.model.address import INBOX, WAYSTATION
from waygrid_core.model.digest import short_digest
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.post import open_all, seal
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_book import EventBook, KeptMailbox
from waygrid_shell.ports.event_log import Delivery, EventLog
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import EVENTS

_TAKEN_AT_ONCE: Final = 1_000

_TRIES: Final = 5
"""Of a batch while another process keeps coming between."""

_FOR_THE_INBOX: Final = (NodeTraversalRequested, NodeTraversalCancelRequested, EventReceived, TraversalEnded)

_log = logging.getLogger(__name__)

_Heard: TypeAlias = tuple[MailboxName, InboxSignal]


class Inbox:
    """Serves `waygrid://system/inbox` until it is canceled."""

    def __init__(
        self, *, event_log: EventLog, event_book: EventBook, clock: Clock, metrics: Metrics | None = None
    ) -> None:
        self._log = event_log
        self._metrics = metrics or Metrics()
        self._book = event_book
        self._clock = clock

    async def run(self) -> None:
        """Serve. Raises what its ports raise."""
        async with (
            self._log.subscribe([topic_name(INBOX)]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            receipts = Receipts(subscription)
            tasks.start_soon(receipts.run)
            while True:
                deliveries = await subscription.take(_TAKEN_AT_ONCE)
                records = await self._handle(deliveries)
                if records:
                    await self._log.publish(records)
                receipts.give(deliveries)

    async def _handle(self, deliveries: Sequence[Delivery]) -> list[TransportEnvelope]:
        """Keeps what the batch makes of the mailboxes; the answers to send, and what nobody can read."""
        opened, unreadable = open_all(deliveries)
        records = [dead_letter(delivery.record, reason) for delivery, reason in unreadable]
        mail = []
        for delivery, envelope in opened:
            if isinstance(envelope.message, _FOR_THE_INBOX):
                mail.append(envelope)
            else:
                records.append(dead_letter(delivery.record, "it is not for the inbox"))
        records += await self._hear_until_kept(mail)
        self._metrics.count(EVENTS, by=sum(isinstance(each.message, EventReceived) for each in mail))
        return records

    async def _hear_until_kept(self, mail: Sequence[DomainEnvelope]) -> list[TransportEnvelope]:
        """The answers. Raises `VersionConflict` if another process comes between again and again."""
        for _ in range(_TRIES):
            try:
                return await self._hear(mail)
            except VersionConflict as error:
                _log.info("%s: the batch is heard again", error)
        return await self._hear(mail)

    async def _hear(self, mail: Sequence[DomainEnvelope]) -> list[TransportEnvelope]:
        """Whoever owned the partition before may have kept what a message makes, and not told anybody: so what came
        before is told again."""
        now = self._clock.now()
        kept = await self._kept_for([envelope.message for envelope in mail])
        signals: list[_Heard] = []
        traces: dict[Waiter, Trace | None] = {}
        for envelope in mail:
            message = envelope.message
            signals += _signals(message, kept, signals)
            if isinstance(message, NodeTraversalRequested):
                traces[Waiter(message.traversal, message.node, message.attempt)] = envelope.stamps.trace
        names = list(dict.fromkeys(name for name, _ in signals))
        found = await self._book.load(names) if names else {}
        mailboxes = {name: each.mailbox for name, each in found.items()}
        changed: dict[MailboxName, Mailbox] = {}
        records = []
        for name, signal in signals:
            before = mailboxes.get(name, EMPTY_MAILBOX)
            after, answers = hear(before, signal)
            if after is not before:
                mailboxes[name] = changed[name] = after
            elif not answers:
                answers = told_again(before, signal)
            records += [_answer(answer, traces.get(answer.waiter), now) for answer in answers]
        if changed:
            await self._book.save(
                {
                    name: KeptMailbox(mailbox, found[name].version if name in found else 0)
                    for name, mailbox in changed.items()
                }
            )
        return records

    async def _kept_for(self, messages: Sequence[Message]) -> Mapping[str, Sequence[MailboxName]]:
        """By traversal, the mailboxes that are kept for those that have ended."""
        ended = [message.traversal for message in messages if isinstance(message, TraversalEnded)]
        kept: dict[str, list[MailboxName]] = {}
        for name in await self._book.with_key(ended) if ended else ():
            kept.setdefault(name.key, []).append(name)
        return kept


def _signals(message: Message, kept: Mapping[str, Sequence[MailboxName]], before: Sequence[_Heard]) -> Sequence[_Heard]:
    """What a message says, to which mailboxes. `before` came before it."""
    match message:
        case NodeTraversalRequested(traversal=traversal, node=node, attempt=attempt):
            waiter = Waiter(traversal, node, attempt)
            return [(mailbox_of(message.parameters, message.root), AwaitComes(waiter))]
        case NodeTraversalCancelRequested(traversal=traversal, node=node, attempt=attempt):
            waiter = Waiter(traversal, node, attempt)
            return [(mailbox_of(message.parameters, traversal), AwaitCanceled(waiter))]
        case EventReceived(id=event_id, event=event, key=key, data=data):
            return [(MailboxName(event, key), EventComes(event_id, data))]
        case TraversalEnded(traversal=traversal):
            new = [name for name, _ in before if name.key == traversal]
            return [(name, TraversalEnds()) for name in dict.fromkeys([*kept.get(traversal, ()), *new])]
        case _:
            raise AssertionError(f"{type(message).__name__} is not for the inbox")


def _answer(answer: Answer, trace: Trace | None, now: datetime) -> TransportEnvelope:
    waiter = answer.waiter
    message_id = short_digest(f"{waiter.traversal}/{waiter.node}/{waiter.attempt}/{answer.event}".encode())
    return seal(
        WAYSTATION,
        NodeTraversalSucceeded(waiter.traversal, waiter.node, waiter.attempt, answer.data),
        message_id,
        sender=INBOX,
        sent_at=now,
        trace=trace,
    )
