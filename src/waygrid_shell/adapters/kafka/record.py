"""A record as Kafka has it: bytes, and headers as pairs.

What somebody else wrote there is read as far as it can be: no key, no value, headers that are no text. Whoever takes
such a record finds nothing in it that is for him, and buries it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from waygrid_core.envelope.transport import TransportEnvelope

VALUE_ELSEWHERE: Final = "waygrid-value"
"""The header with the digest of a value that is too large to travel."""

SENT_AGAIN: Final = "waygrid-sent-again"
"""The header of a record that may have been taken before, wherever it stands."""

Headers: TypeAlias = Sequence[tuple[str, bytes]]


def headers_of(record: TransportEnvelope) -> list[tuple[str, bytes]]:
    """The headers of a record as Kafka takes them."""
    try:
        return [(name, text.encode()) for name, text in record.headers.items()]
    except UnicodeEncodeError:
        return [(_text(name).decode(), _text(text)) for name, text in record.headers.items()]


def key_of(record: TransportEnvelope) -> bytes:
    """The key of a record as Kafka takes it."""
    try:
        return record.key.encode()
    except UnicodeEncodeError:
        return _text(record.key)


def _text(text: str) -> bytes:
    """JSON may have a half of a character in a text; UTF-8 may not."""
    return text.encode("utf-8", "backslashreplace")


def mapping_of(headers: Headers) -> dict[str, str]:
    """Headers by name; of those of one name the last. Bytes that are no text are written as such."""
    try:
        return {name: value.decode() for name, value in headers}
    except (UnicodeDecodeError, AttributeError):
        return {name: (value or b"").decode("utf-8", "backslashreplace") for name, value in headers}


def record_of(topic: str, raw: Any, headers: Mapping[str, str], value: bytes | None) -> TransportEnvelope:
    """The record that was read from that topic of ours."""
    key = raw.key
    try:
        text = "" if key is None else key.decode()
    except UnicodeDecodeError:
        text = key.decode("utf-8", "backslashreplace")
    return TransportEnvelope(topic=topic, key=text, headers=headers, value=value or b"")
