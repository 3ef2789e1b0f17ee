"""The envelope that logs carry, and the way from one envelope to the other."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from attrs import frozen

from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.versions import UPCASTERS, tag_of
from waygrid_core.codec.wire import decode_message, encode_message
from waygrid_core.envelope.cloud_event import TYPE_PREFIX, CloudEventAttributes, read_headers, write_headers
from waygrid_core.envelope.domain import DomainEnvelope, parse_node_address
from waygrid_core.message.identity import ordering_key, subject_of
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX, dead_letter_topic, parse_topic, topic_name
from waygrid_core.outcome import Failure, Outcome, Success

DEAD_LETTER_REASON: Final = "waygrid-dead-letter-reason"

# A log has few topics and few senders, and many records of each.
_receiver_of: Final = lru_cache(maxsize=1024)(parse_topic)
_sender_of: Final = lru_cache(maxsize=1024)(parse_node_address)


@frozen(kw_only=True)
class TransportEnvelope:
    """A record: records of one topic and key are taken in the order in which they were sent."""

    topic: str
    key: str
    headers: Mapping[str, str]
    value: bytes

    @property
    def id(self) -> str:
        """The id of the message in it; empty if whoever wrote it gave none."""
        return self.headers.get("ce_id", "")


def seal(envelope: DomainEnvelope, prefix: str = "") -> TransportEnvelope:
    """The record of a message; `prefix` stands before the topics of a shared cluster."""
    message = envelope.message
    attributes = CloudEventAttributes(
        id=envelope.id,
        type=TYPE_PREFIX + tag_of(type(message), UPCASTERS),
        source=str(envelope.sender),
        time=envelope.sent_at,
        subject=subject_of(message),
        stamps=envelope.stamps,
    )
    return TransportEnvelope(
        topic=topic_name(envelope.receiver, prefix),
        key=ordering_key(envelope.receiver, message),
        headers=write_headers(attributes),
        value=encode_message(message),
    )


def unseal(record: TransportEnvelope, prefix: str = "") -> Outcome[DomainEnvelope, DecodeError]:
    """The message of a record, from whoever wrote it; a dead letter too, as it was before it died."""
    receiver = _receiver_of(record.topic.removesuffix(DEAD_LETTER_SUFFIX), prefix)
    if isinstance(receiver, Failure):
        return Failure(DecodeError("topic", receiver.failure()))
    read = read_headers(record.headers)
    if isinstance(read, Failure):
        return read
    attributes = read.unwrap()
    sender = _sender_of(attributes.source)
    if isinstance(sender, Failure):
        return Failure(DecodeError("ce_source", sender.failure()))
    decoded = decode_message(record.value)
    if isinstance(decoded, Failure):
        return decoded
    message = decoded.unwrap()
    # Both say what it is, and an older version may say so too: only the name must be the same.
    if attributes.type.rpartition(".v")[0] != TYPE_PREFIX + type(message).__name__:
        return Failure(DecodeError("ce_type", f"{attributes.type!r} is not the type of a {type(message).__name__}"))
    return Success(
        DomainEnvelope(
            message=message,
            id=attributes.id,
            sender=sender.unwrap(),
            receiver=receiver.unwrap(),
            sent_at=attributes.time,
            stamps=attributes.stamps,
        )
    )


def dead_letter(record: TransportEnvelope, reason: str) -> TransportEnvelope:
    """The record as it goes to where nobody can handle it, with the reason for the person who looks there."""
    return TransportEnvelope(
        topic=dead_letter_topic(record.topic),
        key=record.key,
        headers={**record.headers, DEAD_LETTER_REASON: reason},
        value=record.value,
    )
