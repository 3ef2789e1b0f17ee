"""Reads events for awaits: `NAME`, `NAME=JSON`, `NAME@KEY=JSON`, and files of `{"event", "key"?, "data"?}`."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from attrs import frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.origins.batch.payloads import BadPayload, read_one, read_payloads

_ARGUMENT: Final = re.compile(r"(?P<event>[^=@]+)(@(?P<key>[^=]+))?(=(?P<data>.*))?", re.DOTALL)
_FIELDS: Final = frozenset({"event", "key", "data"})


@frozen
class GivenEvent:
    """An event as a user gave it; without a key it is for every traversal of the run."""

    place: str
    event: str
    key: str | None
    data: JsonValue


ReadEvent: TypeAlias = GivenEvent | BadPayload


def read_event(argument: str) -> ReadEvent:
    """The event of one `--event`. Without data its data is `{}`."""
    matched = _ARGUMENT.fullmatch(argument)
    if matched is None:
        return BadPayload("--event", f"{argument!r} is no event; write NAME, NAME=JSON or NAME@KEY=JSON")
    if matched["data"] is None:
        return GivenEvent("--event", matched["event"], matched["key"], {})
    read = read_one(f"--event {matched['event']}", matched["data"].encode("utf-8", "surrogateescape"))
    return read if isinstance(read, BadPayload) else GivenEvent("--event", matched["event"], matched["key"], read.value)


def read_events(argument: str, read_standard_input: Callable[[], bytes]) -> Iterator[ReadEvent]:
    """The events of a file. Raises `OSError` for one that it cannot read."""
    for read in read_payloads(argument, read_standard_input):
        yield read if isinstance(read, BadPayload) else _event(read.place, read.value)


def _event(place: str, value: JsonValue) -> ReadEvent:
    if not isinstance(value, Mapping):
        return BadPayload(place, 'an event is an object: {"event": NAME, "key"?: KEY, "data"?: JSON}')
    unknown = sorted(set(value) - _FIELDS)
    if unknown:
        return BadPayload(place, f"an event has no field {unknown[0]!r}; it has event, key and data")
    event, key = value.get("event"), value.get("key")
    if not isinstance(event, str) or not event:
        return BadPayload(place, "the field event must be the name of the event")
    if key is not None and not isinstance(key, str):
        return BadPayload(place, "the field key must be a text")
    return GivenEvent(place, event, key, value.get("data", {}))
