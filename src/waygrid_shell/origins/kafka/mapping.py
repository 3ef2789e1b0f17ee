"""What becomes of a record: a traversal, an event, or the sentence that says why neither."""

from collections.abc import Mapping
from typing import Final

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.envelope.stamps import Trace, parse_trace
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import short_digest
from waygrid_core.model.json_pointer import find, parse_pointer
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_shell.origins.acceptance.items import Wanted, WantedEvent
from waygrid_shell.origins.acceptance.naming import MAX_NAME, problems_of_labels
from waygrid_shell.origins.kafka.record import record_json
from waygrid_shell.ports.record_log import ForeignRecord
from waygrid_shell.settings.origins import KafkaOrigin

KAFKA_ORIGIN: Final = ServiceAddress("origin", "kafka")

_MAX_EVENT: Final = 256
_MAX_EVENT_KEY: Final = 4_096


class _Unmappable(Exception):  # noqa: N818 - it says what it is
    """Nothing can be made of the record; the text says why."""


class RecordMapping:
    """What one origin makes of records. `compiled` is the DAG of its Spec, if it has one."""

    def __init__(self, origin: KafkaOrigin, compiled: CompiledDag | None) -> None:
        self.origin = origin
        self._compiled = compiled

    def wanted(self, record: ForeignRecord) -> Outcome[Wanted | WantedEvent, str]:
        """What is to be taken in. The same record gives the same idempotency key, whoever reads it."""
        read = record_json(record, self.origin.format)
        if isinstance(read, Failure):
            return read
        try:
            return Success(self._wanted(record, read.unwrap()))
        except _Unmappable as why:
            return Failure(str(why))

    def _wanted(self, record: ForeignRecord, found: Mapping[str, JsonValue]) -> Wanted | WantedEvent:
        origin = self.origin
        payload = _at(found, origin.payload, "the payload")
        key = self._idempotency_key(record, found)
        if origin.event is not None:
            assert origin.event_key is not None, "the settings are read with care"
            return WantedEvent(
                event=_within(_text(found, origin.event, "the name of the event"), _MAX_EVENT, "the name of the event"),
                key=_within(_text(found, origin.event_key, "the key of the event"), _MAX_EVENT_KEY, "its key"),
                data=payload,
                id=short_digest(key.encode()),
                origin=KAFKA_ORIGIN,
            )
        assert self._compiled is not None, "an origin has an event or a Spec"
        return Wanted(
            compiled=self._compiled,
            payload=payload,
            entry=origin.entry,
            name=self._name(found),
            labels=self._labels(found),
            idempotency_key=key,
            trace=_trace_of(found),
            said=short_digest(record.value or b""),
            origin=KAFKA_ORIGIN,
        )

    def _idempotency_key(self, record: ForeignRecord, found: Mapping[str, JsonValue]) -> str:
        """Of this origin alone. Where nothing in the record names it, its place does, with its time: a topic that was
        removed and made again counts from 0 again.
        """
        name, event = self.origin.name, found["event"]
        if self.origin.idempotency_key is not None:
            value = _at(found, self.origin.idempotency_key, "the idempotency key")
            if value is None or value == "":
                raise _Unmappable(f"the idempotency key at {self.origin.idempotency_key} is empty")
            key: list[JsonValue] = [name, "key", value]
        elif isinstance(event, Mapping) and event.get("id") and event.get("source"):
            key = [name, "event", event["source"], event["id"]]
        else:
            key = [name, "record", record.topic, record.partition, record.offset, found["time"]]
        return canonical_json(key).decode()

    def _name(self, found: Mapping[str, JsonValue]) -> str | None:
        given = self.origin.traversal_name
        name = None if given is None else _optional_text(found, given, "the name")
        if not name:
            assert self._compiled is not None
            name = self._compiled.annotations.name
        return name[:MAX_NAME] if name else None

    def _labels(self, found: Mapping[str, JsonValue]) -> Mapping[str, str]:
        labels: dict[str, str] = {}
        for key, given in self.origin.labels.items():
            text = _optional_text(found, given, f"the label {key}")
            if text is not None:
                labels[key] = text
        problems = problems_of_labels(labels)
        if problems:
            raise _Unmappable(f"{problems[0].pointer}: {problems[0].message}")
        return labels


def _at(found: JsonValue, pointer: str, what: str) -> JsonValue:
    tokens = parse_pointer(pointer)
    assert not isinstance(tokens, Failure), "the settings are read with care"
    value = find(found, tokens.unwrap())
    if isinstance(value, Missing):
        raise _Unmappable(f"{what} is not there: the record has no {pointer}")
    return value


def _text(found: JsonValue, given: str, what: str) -> str:
    """A text as it is, or what a pointer points at. Raises if that is no text, number, or truth value."""
    text = _optional_text(found, given, what)
    if not text:
        raise _Unmappable(f"{what} is not there: the record has nothing at {given}")
    return text


def _optional_text(found: JsonValue, given: str, what: str) -> str | None:
    if not given.startswith("/"):
        return given
    try:
        value = _at(found, given, what)
    except _Unmappable:
        return None
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return write_json(value).decode()
    raise _Unmappable(f"{what} is no text, but what stands at {given} is an object or an array")


def _within(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise _Unmappable(f"{what} has {len(text)} characters; it may have {most}")
    return text


def _trace_of(found: Mapping[str, JsonValue]) -> Trace | None:
    """Where instrumentations of Kafka clients put it, or where CloudEvents do."""
    for place in (found["headers"], found["event"]):
        if isinstance(place, Mapping) and isinstance(place.get("traceparent"), str):
            state = place.get("tracestate", "")
            return parse_trace(str(place["traceparent"]), state if isinstance(state, str) and len(state) <= 512 else "")
    return None
