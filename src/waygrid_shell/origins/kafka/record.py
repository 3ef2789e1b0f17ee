"""A record of Kafka as a JSON value, which pointers of the settings point into.

    {"topic", "partition", "offset", "time", "key", "headers": {name: text}, "value", "event": {attribute: text} | null}

`value` is the record's, or the data of the CloudEvent that it is, whose attributes are `event`. A key or header that is
not UTF-8 stands in base64.
"""

import base64
import codecs
from collections.abc import Mapping
from typing import Final

from waygrid_core.codec.json_bytes import read_json
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.hosting.json_data import why_no_json
from waygrid_shell.origins.kafka.cloud_event import JSON, content_of, media_type_of
from waygrid_shell.ports.record_log import ForeignRecord
from waygrid_shell.settings.origins import RecordFormat

_TEXTS: Final = ("text/",)


def record_json(record: ForeignRecord, written_in: RecordFormat) -> Outcome[Mapping[str, JsonValue], str]:
    """The record, or why it cannot be read. `written_in` is what its values, or the data of its events, are."""
    headers = {name: text_of(each) for name, each in record.headers.items()}
    content = content_of(headers, record.value)
    if isinstance(content, Failure):
        return content
    event = content.unwrap()
    if event is not None and event.is_read:
        value: Outcome[JsonValue, str] = Success(event.json)
    elif event is not None:
        value = _value(event.data, event.media_type, written_in)
    else:
        value = _value(record.value, media_type_of(headers), written_in)
    if isinstance(value, Failure):
        return value
    problem = why_no_json(value.unwrap())
    if problem is not None:
        return Failure(f"its value cannot be worked with: {problem}")
    return Success(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "time": write_instant(record.at),
            "key": None if record.key is None else text_of(record.key),
            "headers": dict(headers),
            "value": value.unwrap(),
            "event": None if event is None else dict(event.attributes),
        }
    )


def text_of(content: bytes) -> str:
    """Bytes as a text: UTF-8, or base64 where they are none."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def _value(content: bytes | None, media_type: str, written_in: RecordFormat) -> Outcome[JsonValue, str]:
    """A record without a value, a tombstone, is null."""
    if content is None:
        return Success(None)
    match _resolved(written_in, media_type):
        case "text":
            try:
                return Success(content.decode())
            except UnicodeDecodeError as error:
                return Failure(f"its value is no text: byte {error.start + 1} is not UTF-8")
        case "base64":
            return Success(base64.b64encode(content).decode())
        case _:
            return _json(content)


def _resolved(written_in: RecordFormat, media_type: str) -> RecordFormat:
    if written_in != "auto":
        return written_in
    if not media_type or media_type == JSON or media_type.endswith("+json"):
        return "json"
    return "text" if media_type.startswith(_TEXTS) else "base64"


def _json(content: bytes) -> Outcome[JsonValue, str]:
    try:
        return Success(read_json(content.removeprefix(codecs.BOM_UTF8)))
    except UnicodeDecodeError as error:
        return Failure(f"its value is no JSON: byte {error.start + 1} is not UTF-8")
    except ValueError as error:
        return Failure(f"its value is {error}")
