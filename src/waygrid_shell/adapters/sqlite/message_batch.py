"""How records stand in the file: some of one topic together, in one row.

A row is `[[key, headers, length of value], ...]` as JSON, a newline, and the values one after the other. A row goes
when all its records are acknowledged; which of them are, meanwhile, stands beside it as a set of bits.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import orjson
from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope

PLACES: Final = 64
"""Records in one row, at most: one that stays keeps all of them in the file."""

_MAX_BYTES: Final = 256 * 1024
"""A row that is larger takes no more records."""


@frozen
class MessageBatch:
    """Records of one topic that stand in one row, and the row."""

    topic: str
    records: Sequence[TransportEnvelope]
    content: bytes


def batches_of(records: Sequence[TransportEnvelope]) -> list[MessageBatch]:
    """The records in rows, each topic's in their order."""
    by_topic: dict[str, list[TransportEnvelope]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    return [
        MessageBatch(topic, part, _content(part)) for topic, members in by_topic.items() for part in _parts(members)
    ]


def records_of(topic: str, content: bytes) -> Iterator[TransportEnvelope]:
    """The records of a row."""
    header, _, values = content.partition(b"\n")
    start = 0
    for key, headers, length in orjson.loads(header):
        yield TransportEnvelope(topic=topic, key=key, headers=headers, value=values[start : start + length])
        start += length


def _content(records: Sequence[TransportEnvelope]) -> bytes:
    header = orjson.dumps([(record.key, record.headers, len(record.value)) for record in records])
    return b"".join([header, b"\n", *(record.value for record in records)])


def _parts(records: Sequence[TransportEnvelope]) -> Iterator[Sequence[TransportEnvelope]]:
    part: list[TransportEnvelope] = []
    size = 0
    for record in records:
        if len(part) == PLACES or size > _MAX_BYTES:
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record.value)
    yield part
