"""A record that nothing could be made of, as a dead letter of our own log; and back, once it is redriven."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.envelope.cloud_event import write_headers
from waygrid_core.envelope.stamps import NO_STAMPS
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import short_digest
from waygrid_core.model.instant import parse_instant, write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.topic import topic_name
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.origins.kafka.mapping import KAFKA_ORIGIN
from waygrid_shell.origins.kafka.record import text_of
from waygrid_shell.ports.record_log import ForeignRecord

TOPIC: Final = topic_name(KAFKA_ORIGIN)
"""Where redriven records come to."""

RECORD_HEADER: Final = "waygrid-kafka-record"
"""All of the record but its value, as JSON; what may not be UTF-8 is there in base64 too, where it is not."""

_TYPE: Final = "io.waygrid.KafkaRecord.v1"


def dead_record(origin: str, record: ForeignRecord, reason: str) -> TransportEnvelope:
    """The dead letter; its value is the record's, byte by byte."""
    at = write_instant(record.at)
    place: list[JsonValue] = [origin, record.topic, record.partition, record.offset, at]
    about: dict[str, JsonValue] = {
        "origin": origin,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": at,
        "key": _written(record.key),
        "headers": {name: _written(each) for name, each in record.headers.items()},
        "hasValue": record.value is not None,
    }
    headers = write_headers(
        event_id=short_digest(canonical_json(place)),
        event_type=_TYPE,
        source=str(KAFKA_ORIGIN),
        time=record.at,
        subject=None,
        stamps=NO_STAMPS,
    )
    envelope = TransportEnvelope(
        topic=TOPIC,
        key="" if record.key is None else text_of(record.key),
        headers={**headers, RECORD_HEADER: write_json(about).decode()},
        value=record.value or b"",
    )
    return dead_letter(envelope, reason)


def record_again(envelope: TransportEnvelope) -> Outcome[tuple[str, ForeignRecord], str]:
    """The name of its origin and the record as it was, or why there is none."""
    try:
        about = read_json(envelope.headers.get(RECORD_HEADER, "").encode())
        return Success(_record_of(about, envelope.value))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        return Failure(f"it is no record that a Kafka origin gave up: {type(error).__name__}: {error}")


def _record_of(about: JsonValue, value: bytes) -> tuple[str, ForeignRecord]:
    if not isinstance(about, Mapping):
        raise TypeError("no object")
    at, headers = parse_instant(str(about["at"])), about["headers"]
    partition, offset = about["partition"], about["offset"]
    if isinstance(at, Failure) or not isinstance(headers, Mapping):
        raise TypeError("no instant, or no headers")
    if not isinstance(partition, int) or not isinstance(offset, int):
        raise TypeError("no numbers")
    record = ForeignRecord(
        topic=str(about["topic"]),
        partition=partition,
        offset=offset,
        key=_read(about["key"]),
        value=value if about["hasValue"] else None,
        headers={name: _read(each) or b"" for name, each in headers.items()},
        at=at.unwrap(),
    )
    return str(about["origin"]), record


def _written(content: bytes | None) -> JsonValue:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _read(written: JsonValue) -> bytes | None:
    if written is None:
        return None
    if isinstance(written, Mapping):
        return base64.b64decode(str(written["base64"]), validate=True)
    return str(written).encode()
