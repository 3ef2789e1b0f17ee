"""What a Kafka origin makes of a record; the SDK of CloudEvents is the oracle for those that are events."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.integration.plant.running import compiled
from waygrid_core.outcome import Failure
from waygrid_shell.origins.acceptance.items import Wanted, WantedEvent
from waygrid_shell.origins.kafka.dead_record import dead_record, record_again
from waygrid_shell.origins.kafka.mapping import RecordMapping
from waygrid_shell.origins.kafka.record import record_json
from waygrid_shell.ports.record_log import ForeignRecord
from waygrid_shell.settings.origins import KafkaOrigin

AT = datetime(2026, 11, 28, 20, 30, 0, 123000, tzinfo=UTC)
PASS = compiled({"entryPoints": [{"type": "pass"}]})


def record(value: Any = None, *, key: bytes | None = None, offset: int = 7, **headers: bytes) -> ForeignRecord:
    return ForeignRecord(
        topic="orders",
        partition=2,
        offset=offset,
        key=key,
        value=value if isinstance(value, bytes) or value is None else json.dumps(value).encode(),
        headers={name.replace("__", "-"): text for name, text in headers.items()},
        at=AT,
    )


def origin(**fields: Any) -> KafkaOrigin:
    defaults: dict[str, Any] = {} if "event" in fields else {"spec": "any.yaml"}
    return KafkaOrigin(name="orders", topics=("orders",), group="g", **defaults, **fields)


def wanted(given: ForeignRecord, **fields: Any) -> Wanted:
    outcome = RecordMapping(origin(**fields), PASS).wanted(given)
    assert not isinstance(outcome, Failure), outcome.failure()
    made = outcome.unwrap()
    assert isinstance(made, Wanted)
    return made


def reason(given: ForeignRecord, **fields: Any) -> str:
    outcome = RecordMapping(origin(**fields), PASS).wanted(given)
    assert isinstance(outcome, Failure), outcome
    return outcome.failure()


def of_message(message: KafkaMessage) -> ForeignRecord:
    key = message.key.encode() if isinstance(message.key, str) else message.key
    return ForeignRecord(
        topic="orders", partition=0, offset=0, key=key, value=message.value, headers=message.headers, at=AT
    )


def an_event(data: Any = None, **attributes: Any) -> CloudEvent:
    given = {"id": "e-1", "source": "/shop", "type": "order.placed", "specversion": "1.0", **attributes}
    return CloudEvent(attributes=given, data=data)


def test_a_record_of_json_is_a_payload_as_a_whole() -> None:
    made = wanted(record({"id": 17}))
    assert made.payload == {"id": 17}
    assert made.entry == 0
    assert made.labels == {}


def test_everything_about_a_record_can_be_pointed_at() -> None:
    assert wanted(record({"id": 17}, key=b"k", tenant=b"acme"), payload="").payload == {
        "topic": "orders",
        "partition": 2,
        "offset": 7,
        "time": "2026-11-28T20:30:00.123000Z",
        "key": "k",
        "headers": {"tenant": "acme"},
        "value": {"id": 17},
        "event": None,
    }


def test_what_is_not_utf_8_stands_in_base64() -> None:
    assert wanted(record({}, key=b"\xff", raw=b"\xfe"), payload="/key").payload == "/w=="
    assert wanted(record({}, key=b"\xff", raw=b"\xfe"), payload="/headers/raw").payload == "/g=="


def test_a_tombstone_is_null() -> None:
    assert wanted(record(None)).payload is None


def test_names_and_labels_are_texts_or_places() -> None:
    made = wanted(
        record({"id": 17, "vip": True, "kind": "x" * 300}, tenant=b"acme"),
        traversal_name="/value/kind",
        labels={
            "tenant": "/headers/tenant",
            "id": "/value/id",
            "vip": "/value/vip",
            "no": "/value/no",
            "from": "k",
        },
    )
    assert made.name == "x" * 256
    assert made.labels == {"tenant": "acme", "id": "17", "vip": "true", "from": "k"}


@pytest.mark.parametrize(
    ("given", "fields", "said"),
    [
        (record(b"{"), {}, "its value is no JSON: "),
        (record(b"\xff"), {}, "its value is no JSON: byte 1 is not UTF-8"),
        (record(b"[" * 5_000 + b"]" * 5_000), {}, "its value "),
        (record(b"NaN"), {}, "its value is no JSON: "),
        (record(b"\xff"), {"format": "text"}, "its value is no text: byte 1 is not UTF-8"),
        (record({"a": 1}), {"payload": "/value/b"}, "the payload is not there: the record has no /value/b"),
        (record({}), {"idempotency_key": "/value/id"}, "the idempotency key is not there"),
        (record({"id": None}), {"idempotency_key": "/value/id"}, "the idempotency key at /value/id is empty"),
        (record({"l": {}}), {"labels": {"l": "/value/l"}}, "the label l is no text"),
        (record({"l": "x" * 300}), {"labels": {"l": "/value/l"}}, "/labels/l: the value has 300 characters"),
        (record({}), {"event": "/value/e", "event_key": "/key"}, "the name of the event is not there"),
        (record({}), {"event": "paid", "event_key": "/key"}, "the key of the event is not there"),
        (
            record({}, content__type=b"application/cloudevents-batch+json"),
            {},
            "it is of type application/",
        ),
        (record({}, content__type=b"application/cloudevents+avro"), {}, "of CloudEvents in structured mode only +json"),
        (
            record(b"{", content__type=b"application/cloudevents+json"),
            {},
            "it is said to be a CloudEvent, and",
        ),
        (record([], content__type=b"application/cloudevents+json"), {}, "and is no JSON object"),
        (
            record({"data_base64": "%"}, content__type=b"application/cloudevents+json"),
            {},
            "its data_base64 is not base64",
        ),
    ],
)
def test_what_nothing_can_be_made_of_is_told(given: ForeignRecord, fields: dict[str, Any], said: str) -> None:
    assert said in reason(given, **fields)


def test_the_content_type_says_how_a_value_is_read_unless_the_settings_do() -> None:
    assert wanted(record(b"17", content__type=b"text/plain; charset=utf-8")).payload == "17"
    assert wanted(record(b"17", content__type=b"application/vnd.order+json")).payload == 17
    assert wanted(record(b"17", content__type=b"application/octet-stream")).payload == "MTc="
    assert wanted(record(b"17", content__type=b"application/octet-stream"), format="json").payload == 17


@pytest.mark.parametrize("in_mode", [to_binary, to_structured])
def test_a_cloud_event_is_its_data_and_its_attributes(in_mode: Any) -> None:
    event = an_event({"id": 17}, datacontenttype="application/json", subject="order-17", tenant="acme")
    given = of_message(in_mode(event, JSONFormat()))
    assert wanted(given).payload == {"id": 17}
    read = record_json(given, "auto").unwrap()["event"]
    assert isinstance(read, dict)
    assert {key: read[key] for key in ("id", "source", "type", "subject", "tenant", "datacontenttype")} == {
        "id": "e-1",
        "source": "/shop",
        "type": "order.placed",
        "subject": "order-17",
        "tenant": "acme",
        "datacontenttype": "application/json",
    }


@pytest.mark.parametrize("in_mode", [to_binary, to_structured])
@pytest.mark.parametrize(
    ("data", "content_type", "payload"),
    [
        ("some text", "text/plain", "some text"),
        (b"\x00\xff", "application/octet-stream", "AP8="),
        ({"a": [1, None]}, "application/json", {"a": [1, None]}),
    ],
)
def test_the_data_of_a_cloud_event_is_read_as_its_type_says(
    in_mode: Any, data: Any, content_type: str, payload: Any
) -> None:
    given = of_message(in_mode(an_event(data, datacontenttype=content_type), JSONFormat()))
    assert wanted(given).payload == payload


def test_a_record_is_known_by_its_event_or_else_by_its_place() -> None:
    keys = [
        wanted(given).idempotency_key
        for given in (
            of_message(to_binary(an_event({"a": 1}), JSONFormat())),
            of_message(to_structured(an_event({"a": 1}), JSONFormat())),
            of_message(to_binary(an_event({"a": 1}, source="/other"), JSONFormat())),
            record({"a": 1}),
            record({"a": 1}, offset=8),
            record({"a": 1}, ce_specversion=b"1.0", ce_id=b"e-1"),
        )
    ]
    assert keys[0] == keys[1]
    assert len({*keys}) == 4
    assert keys[5] == keys[3], "an event without a source is named by nothing but its place"


def test_a_record_may_be_known_by_what_is_in_it() -> None:
    first = wanted(record({"id": 17}), idempotency_key="/value/id")
    assert first.idempotency_key == wanted(record({"id": 17}, offset=8), idempotency_key="/value/id").idempotency_key
    assert first.idempotency_key != wanted(record({"id": "17"}), idempotency_key="/value/id").idempotency_key
    assert first.said != wanted(record({"id": 17, "more": 1}), idempotency_key="/value/id").said


def test_a_record_may_be_an_event_for_those_that_await_it() -> None:
    mapping = RecordMapping(origin(event="/headers/kind", event_key="/key", payload="/value/data"), None)
    made = mapping.wanted(record({"data": [1]}, key=b"order-17", kind=b"paid")).unwrap()
    assert isinstance(made, WantedEvent)
    assert (made.event, made.key, made.data) == ("paid", "order-17", [1])


def test_a_traversal_is_in_the_trace_of_its_record() -> None:
    trace = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
    for given in (record({}, traceparent=trace), record({}, ce_specversion=b"1.0", ce_traceparent=trace)):
        made = wanted(given)
        assert made.trace is not None
        assert made.trace.traceparent == trace.decode()
    assert wanted(record({}, traceparent=b"nonsense")).trace is None


@pytest.mark.parametrize(
    "given",
    [
        record({"id": 1}, key=b"k", tenant=b"acme"),
        record(None),
        record(b"\xff\x00", key=b"\xfe", raw=b"\xff", empty=b""),
    ],
)
def test_a_record_that_was_given_up_is_the_same_record_when_it_comes_again(given: ForeignRecord) -> None:
    letter = dead_record("orders", given, "no good")
    assert letter.topic == "origin.kafka.dead-letter"
    name, again = record_again(letter).unwrap()
    assert name == "orders"
    for field in ("topic", "partition", "offset", "key", "value", "headers", "at"):
        assert getattr(again, field) == getattr(given, field)
