"""How records stand in the file: some of one topic together, in one row.

A row is `[[key, headers, length of value], ...]` as JSON, a newline, and the values one after the other. A row goes
when all its records are acknowledged; which of them are, meanwhile, stands beside it as a set of bits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def batches_of(records: Iterable[TransportEnvelope]) -> list[MessageBatch]:
    """The records in rows, those of each topic in their order."""
    by_topic: dict[str, list[TransportEnvelope]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    return [MessageBatch(topic, part, content) for topic, of_it in by_topic.items() for part, content in _rows(of_it)]


def records_of(topic: str, content: bytes) -> Iterator[TransportEnvelope]:
    """The records of a row."""
    header, _, values = content.partition(b"\n")
    start = 0
    for key, headers, length in orjson.loads(header):
        yield TransportEnvelope(topic=topic, key=key, headers=headers, value=values[start : start + length])
        start += length


def _rows(records: Sequence[TransportEnvelope]) -> Iterator[tuple[Sequence[TransportEnvelope], bytes]]:
    start, size = 0, 0
    header: list[tuple[str, Mapping[str, str], int]] = []
    values: list[bytes] = []
    for end, record in enumerate(records, 1):
        value = record.value
        header.append((record.key, record.headers, len(value)))
        values.append(value)
        size += len(value)
        if end == len(records) or end - start == PLACES or size > _MAX_BYTES:
            yield records[start:end], b"".join([orjson.dumps(header), b"\n", *values])
            start, size, header, values = end, 0, [], []
