"""How a message goes into a record of the event log, and how it comes out again."""

from datetime import datetime
from typing import Final

from waygrid_core.envelope import transport
from waygrid_core.envelope.domain import DomainEnvelope, NodeAddress
from waygrid_core.envelope.stamps import Stamps, Trace
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import Message
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.outcome import Failure, Outcome, Success

_SYSTEM: Final = {address: NodeAddress(address) for address in (WAYSTATION, SCHEDULER, INBOX)}


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
    return transport.seal(
        DomainEnvelope(
            message=message,
            id=message_id,
            sender=_SYSTEM.get(sender) or NodeAddress(sender),
            receiver=receiver,
            sent_at=sent_at,
            stamps=Stamps(causation=causation, trace=trace, delivery=delivery),
        )
    )


def unseal(record: TransportEnvelope) -> Outcome[Message, str]:
    """The message in a record, or why there is none."""
    outcome = open_record(record)
    return outcome if isinstance(outcome, Failure) else Success(outcome.unwrap().message)


def open_record(record: TransportEnvelope) -> Outcome[DomainEnvelope, str]:
    """The message in a record and what is said about it, or why there is none."""
    outcome = transport.unseal(record)
    return Failure(str(outcome.failure())) if isinstance(outcome, Failure) else outcome
