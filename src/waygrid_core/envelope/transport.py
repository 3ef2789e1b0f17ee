"""The envelope that logs carry, and the way from one envelope to the other."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.versions import UPCASTERS, tag_of
from waygrid_core.codec.wire import MESSAGES, encode_message
from waygrid_core.envelope.cloud_event import TYPE_PREFIX, attributes_of, write_headers
from waygrid_core.envelope.domain import DomainEnvelope, parse_node_address
from waygrid_core.message.identity import ordering_key, subject_of
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX, dead_letter_topic, parse_topic, topic_name
from waygrid_core.outcome import Failure, Outcome, Success

DEAD_LETTER_REASON: Final = "waygrid-dead-letter-reason"

# A log has few topics and few senders, and many records of each.
_source_of: Final = lru_cache(maxsize=1024)(str)
_topic_of: Final = lru_cache(maxsize=1024)(topic_name)
_receiver_of: Final = lru_cache(maxsize=1024)(parse_topic)
_sender_of: Final = lru_cache(maxsize=1024)(parse_node_address)


class TransportEnvelope:
    """A record: records of one topic and key are taken in the order in which they were sent.

    One that was sealed in this process knows what is in it: opening it costs nothing, and its headers and its value are
    written when somebody asks for them, which a log in memory never does. Never changed; equal if all four parts are.
    """

    __slots__ = ("_envelope", "_headers", "_value", "id", "key", "topic")

    topic: str
    key: str
    id: str
    """The id of the message in it; empty if whoever wrote it gave none."""

    def __init__(self, *, topic: str, key: str, headers: Mapping[str, str], value: bytes) -> None:
        self.topic = topic
        self.key = key
        self.id = headers.get("ce_id", "")
        self._headers: Mapping[str, str] | None = headers
        self._value: bytes | None = value
        self._envelope: DomainEnvelope | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """What is said about the value: a CloudEvent's attributes in binary mode."""
        if self._headers is None:
            self._headers = _headers_of(self._sealed())
        return self._headers

    @property
    def value(self) -> bytes:
        """The message as JSON."""
        if self._value is None:
            self._value = encode_message(self._sealed().message)
        return self._value

    @property
    def sealed(self) -> DomainEnvelope | None:
        """What was sealed in it, in this process; None for a record that was read."""
        return self._envelope

    def _sealed(self) -> DomainEnvelope:
        assert self._envelope is not None, "a record was read or sealed"
        return self._envelope

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TransportEnvelope):
            return NotImplemented
        return (self.topic, self.key, self.headers, self.value) == (other.topic, other.key, other.headers, other.value)

    __hash__ = None  # type: ignore[assignment]  # headers are a mapping

    def __repr__(self) -> str:
        return f"TransportEnvelope(topic={self.topic!r}, key={self.key!r}, headers={self.headers!r})"


def seal(envelope: DomainEnvelope, prefix: str = "") -> TransportEnvelope:
    """The record of a message; `prefix` stands before the topics of a shared cluster."""
    record = TransportEnvelope.__new__(TransportEnvelope)
    record.topic = _topic_of(envelope.receiver, prefix)
    record.key = ordering_key(envelope.receiver, envelope.message)
    record.id = envelope.id
    record._headers = record._value = None
    record._envelope = envelope
    return record


def _headers_of(envelope: DomainEnvelope) -> dict[str, str]:
    return write_headers(
        event_id=envelope.id,
        event_type=_type_of(type(envelope.message)),
        source=_source_of(envelope.sender),
        time=envelope.sent_at,
        subject=subject_of(envelope.message),
        stamps=envelope.stamps,
    )


_types: Final[dict[type, str]] = {}


def _type_of(kind: type) -> str:
    written = _types.get(kind)
    if written is None:
        written = _types[kind] = TYPE_PREFIX + tag_of(kind, UPCASTERS)
    return written


def unseal(record: TransportEnvelope, prefix: str = "") -> Outcome[DomainEnvelope, DecodeError]:
    """The message of a record, from whoever wrote it; a dead letter too, as it was before it died."""
    receiver = _receiver_of(record.topic.removesuffix(DEAD_LETTER_SUFFIX), prefix)
    if not isinstance(receiver, Success):
        return Failure(DecodeError("topic", receiver.failure()))
    if record._envelope is not None:
        return Success(record._envelope)
    attributes = attributes_of(record.headers)
    if isinstance(attributes, DecodeError):
        return Failure(attributes)
    sender = _sender_of(attributes.source)
    if not isinstance(sender, Success):
        return Failure(DecodeError("ce_source", sender.failure()))
    message = MESSAGES.value_of(record.value)
    if isinstance(message, DecodeError):
        return Failure(message)
    # Both say what it is, and an older version may say so too: only the name must be the same.
    kind = type(message)
    if attributes.type != _type_of(kind) and attributes.type.rpartition(".v")[0] != TYPE_PREFIX + kind.__name__:
        return Failure(DecodeError("ce_type", f"{attributes.type!r} is not the type of a {kind.__name__}"))
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


def before_death(letter: TransportEnvelope) -> tuple[TransportEnvelope, str]:
    """What `dead_letter` made it of: the record with its own topic, and the reason; empty if there is none."""
    headers = {name: value for name, value in letter.headers.items() if name != DEAD_LETTER_REASON}
    topic = letter.topic.removesuffix(DEAD_LETTER_SUFFIX)
    record = TransportEnvelope(topic=topic, key=letter.key, headers=headers, value=letter.value)
    return record, letter.headers.get(DEAD_LETTER_REASON, "")
