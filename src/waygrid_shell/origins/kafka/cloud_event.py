"""CloudEvents in records of Kafka: binary mode (`ce_` headers) and structured mode (`application/cloudevents+json`).

Source: CloudEvents 1.0.2, its Kafka protocol binding and its JSON event format. A record that lacks an attribute which
an event must have is read as far as it goes: what it holds is the user's all the same.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from waygrid_core.codec.json_bytes import read_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success

JSON: Final = "application/json"

_STRUCTURED: Final = "application/cloudevents"
_BATCHED: Final = "application/cloudevents-batch"
_PREFIX: Final = "ce_"
_DATA: Final = ("data", "data_base64")


@frozen
class EventContent:
    """The attributes of an event, and its data: bytes of a media type, or JSON that is read already."""

    attributes: Mapping[str, JsonValue]
    data: bytes | None
    media_type: str
    json: JsonValue = None
    is_read: bool = False


def content_of(headers: Mapping[str, str], value: bytes | None) -> Outcome[EventContent | None, str]:
    """The event in a record; None for a record that says nothing of being one."""
    media_type = media_type_of(headers)
    if media_type.startswith(_BATCHED):
        return Failure(f"it is of type {media_type}, and a record of Kafka holds one event; send each by itself")
    if media_type.startswith(_STRUCTURED):
        return _structured(media_type, value)
    attributes: dict[str, JsonValue] = {
        name.lower().removeprefix(_PREFIX): text for name, text in headers.items() if name.lower().startswith(_PREFIX)
    }
    if "specversion" not in attributes:
        return Success(None)
    if media_type:
        attributes["datacontenttype"] = media_type
    return Success(EventContent(attributes, value, media_type))


def media_type_of(headers: Mapping[str, str]) -> str:
    """The media type that the headers name, in small letters, without parameters; empty if they name none."""
    text = next((text for name, text in headers.items() if name.lower() == "content-type"), "")
    return text.partition(";")[0].strip().lower()


def _structured(media_type: str, value: bytes | None) -> Outcome[EventContent, str]:
    if media_type not in (_STRUCTURED, f"{_STRUCTURED}+json"):
        return Failure(f"it is of type {media_type}; of CloudEvents in structured mode only +json is understood")
    try:
        event = read_json(value or b"")
    except (ValueError, UnicodeDecodeError) as error:
        return Failure(f"it is said to be a CloudEvent, and is {error}")
    if not isinstance(event, Mapping):
        return Failure("it is said to be a CloudEvent, and is no JSON object")
    attributes = {name: each for name, each in event.items() if name not in _DATA}
    data_type = event.get("datacontenttype")
    of_type = data_type.partition(";")[0].strip().lower() if isinstance(data_type, str) else JSON
    encoded = event.get("data_base64")
    if encoded is None:
        return Success(EventContent(attributes, None, of_type, event.get("data"), is_read=True))
    try:
        data = base64.b64decode(encoded if isinstance(encoded, str) else "?", validate=True)
    except binascii.Error:
        return Failure("its data_base64 is not base64")
    return Success(EventContent(attributes, data, of_type))
