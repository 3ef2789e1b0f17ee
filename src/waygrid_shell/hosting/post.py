"""How a message goes into a record of the event log, and how it comes out again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias

from waygrid_core.envelope import transport
from waygrid_core.envelope.cloud_event import read_headers
from waygrid_core.envelope.domain import DomainEnvelope, NodeAddress
from waygrid_core.envelope.stamps import Stamps, Trace
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import Message
from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.ports.event_log import Delivery

_node_of: Final = lru_cache(maxsize=1024)(NodeAddress)

Opened: TypeAlias = tuple[Delivery, DomainEnvelope]
Unreadable: TypeAlias = tuple[Delivery, str]


def seal(
    receiver: ServiceAddress,
    message: Message,
    message_id: str,
    *,
    sender: ServiceAddress,
    sent_at: datetime,
    causation: str | None = None,
    trace: Trace | None = None,
    delivery: int = 1,
) -> TransportEnvelope:
    """The record that takes `message` to `receiver`.

    `causation` is the id of the message that it follows from, `trace` the context that it is sent in, `delivery` how
    often it is sent by then: what is sent again may have been worked on already.
    """
    stamps = Stamps(causation=causation, trace=trace, delivery=delivery)
    return seal_stamped(receiver, message, message_id, sender, sent_at, stamps)


def seal_stamped(
    receiver: ServiceAddress,
    message: Message,
    message_id: str,
    sender: ServiceAddress,
    sent_at: datetime,
    stamps: Stamps,
) -> TransportEnvelope:
    """The same with stamps that several records share."""
    return transport.seal(
        DomainEnvelope(
            message=message,
            id=message_id,
            sender=_node_of(sender),
            receiver=receiver,
            sent_at=sent_at,
            stamps=stamps,
        )
    )


def unseal(record: TransportEnvelope) -> Outcome[Message, str]:
    """The message in a record, or why there is none."""
    outcome = open_record(record)
    return outcome if isinstance(outcome, Failure) else Success(outcome.unwrap().message)


def open_record(record: TransportEnvelope) -> Outcome[DomainEnvelope, str]:
    """The message in a record and what is said about it, or why there is none."""
    outcome = transport.unseal(record)
    return outcome if isinstance(outcome, Success) else Failure(str(outcome.failure()))


def sent_at(record: TransportEnvelope) -> datetime:
    """When a record was sent; of one that says it in no way that can be read, the beginning of time."""
    if record.sealed is not None:
        return record.sealed.sent_at
    attributes = read_headers(record.headers)
    return datetime.min.replace(tzinfo=UTC) if isinstance(attributes, Failure) else attributes.unwrap().time


def open_all(deliveries: Iterable[Delivery]) -> tuple[list[Opened], list[Unreadable]]:
    """What is in these records, in order; and those that nobody can read, each with the reason."""
    opened: list[Opened] = []
    unreadable: list[Unreadable] = []
    for delivery in deliveries:
        envelope = delivery.record.sealed
        if envelope is None:
            outcome = open_record(delivery.record)
            if isinstance(outcome, Failure):
                unreadable.append((delivery, outcome.failure()))
                continue
            envelope = outcome.unwrap()
        opened.append((delivery, envelope))
    return opened, unreadable
