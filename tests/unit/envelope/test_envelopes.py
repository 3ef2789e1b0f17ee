"""Envelopes: a record is a CloudEvent that others can read, and gives back the message that was sealed in it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.codec.wire_values import values_of
from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.wire import encode_message
from waygrid_core.envelope.domain import DomainEnvelope, NodeAddress
from waygrid_core.envelope.stamps import Stamps, Trace, parse_trace
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter, seal, unseal
from waygrid_core.message.messages import (
    EventReceived,
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    TimerFired,
)
from waygrid_core.model.address import COMPONENTS, INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_core.outcome import Failure


def altered(record: TransportEnvelope, **parts: Any) -> TransportEnvelope:
    """The record as somebody else wrote it, with some of its parts changed."""
    whole: dict[str, Any] = {
        "topic": record.topic,
        "key": record.key,
        "headers": record.headers,
        "value": record.value,
    }
    return TransportEnvelope(**{**whole, **parts})


T, N = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S"), NodeId("0123456789abcdef")
TRACE: Final = Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")
SUCCEEDED: Final = DomainEnvelope(
    message=NodeTraversalSucceeded(T, N, 1, {"total": 12.5, "city": "Köln"}),
    id="6f0a6f6a1c1d4e0c8f7b6a5d4c3b2a19",
    sender=NodeAddress(ServiceAddress("processor", "geo-coder"), "west-3"),
    receiver=WAYSTATION,
    sent_at=datetime(2026, 1, 31, 8, 0, 0, 250, tzinfo=UTC),
    stamps=Stamps(
        trace=TRACE,
        causation="0123456789abcdef0123456789abcdef",
        hops=3,
        scheduled_at=datetime(2026, 1, 31, 7, tzinfo=UTC),
        delivery=2,
    ),
)
FIRED: Final = DomainEnvelope(
    message=TimerFired(T, TimerId(f"{T}/-/1/traversal-timeout")),
    id="1",
    sender=NodeAddress(ServiceAddress("system", "scheduler")),
    receiver=WAYSTATION,
    sent_at=datetime(2026, 1, 31, 8, tzinfo=UTC),
)

SERVICES = st.builds(
    ServiceAddress, st.sampled_from(COMPONENTS), st.sampled_from(["dag-registry", "openai", "inbox", "a", "9"])
)
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)
INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))
NAMES = st.sampled_from(["event", "a/b", ""])
AWAITS: st.SearchStrategy[Message] = st.builds(
    NodeTraversalRequested,
    traversal=st.just(T),
    node=st.just(N),
    attempt=st.integers(1, 9),
    input=st.none(),
    parameters=st.fixed_dictionaries({"event": NAMES, "key": NAMES}),
    root=st.just(T),
)
MESSAGES: st.SearchStrategy[Message] = values_of(Message).map(
    lambda message: message if isinstance(message, EventReceived) else evolve(message, traversal=T)
)
ENVELOPES = st.builds(
    DomainEnvelope,
    message=MESSAGES,
    id=PRINTABLE,
    sender=st.builds(NodeAddress, SERVICES, st.just("") | PRINTABLE),
    receiver=SERVICES.filter(lambda service: service != INBOX),
    sent_at=INSTANTS,
    stamps=st.builds(
        Stamps,
        trace=st.none() | st.just(TRACE),
        causation=st.none() | PRINTABLE,
        hops=st.integers(0, 999_999_999),
        scheduled_at=st.none() | INSTANTS,
        delivery=st.integers(1, 999_999_999),
    ),
)


@given(
    ENVELOPES | st.builds(evolve, ENVELOPES, message=AWAITS, receiver=st.just(INBOX)), st.sampled_from(["", "acme.eu"])
)
def test_what_is_sealed_is_unsealed_as_it_was(envelope: DomainEnvelope, prefix: str) -> None:
    record = seal(envelope, prefix)
    assert unseal(record, prefix).unwrap() == envelope
    assert unseal(altered(record), prefix).unwrap() == envelope
    assert unseal(dead_letter(record, "nobody knew"), prefix).unwrap() == envelope


@given(ENVELOPES)
def test_a_record_is_a_cloud_event_to_the_reference_library(envelope: DomainEnvelope) -> None:
    record = seal(envelope)
    headers = {name: value.encode() for name, value in record.headers.items()}
    event = from_binary(KafkaMessage(headers, record.key.encode(), record.value), JSONFormat())
    assert event.get_id() == envelope.id
    assert event.get_source() == str(envelope.sender)
    assert event.get_type().startswith(f"io.waygrid.{type(envelope.message).__name__}.v")
    assert event.get_time() == envelope.sent_at
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == json.loads(record.value)
    # What the library writes of it, we read as the same envelope.
    written = to_binary(event, JSONFormat())
    back = {name: value.decode() for name, value in written.headers.items()}
    back.update({name: value for name, value in record.headers.items() if name.startswith("trace")})
    assert unseal(TransportEnvelope(topic=record.topic, key="", headers=back, value=record.value)).unwrap() == envelope


@pytest.mark.parametrize(("name", "envelope"), [("stamped", SUCCEEDED), ("plain", FIRED)])
def test_the_form_of_a_record_stays(name: str, envelope: DomainEnvelope) -> None:
    record = seal(envelope, "acme")
    written = {
        "topic": record.topic,
        "key": record.key,
        "headers": dict(record.headers),
        "value": json.loads(record.value),
    }
    golden = Path(__file__).parents[2] / "golden" / "envelopes" / f"{name}.json"
    assert json.loads(golden.read_text()) == written


def test_an_event_and_its_awaits_meet_under_one_key_in_the_inbox() -> None:
    parameters = {"event": "approved", "key": "o-1"}
    messages: list[Message] = [
        EventReceived("1", "approved", "o-1", None),
        NodeTraversalRequested(traversal=T, node=N, attempt=1, input=None, parameters=parameters, root=T),
        NodeTraversalCancelRequested(traversal=T, node=N, attempt=1, parameters=parameters),
    ]
    keys = {seal(evolve(FIRED, message=message, receiver=INBOX)).key for message in messages}
    assert keys == {'["approved","o-1"]'}
    assert seal(evolve(FIRED, message=EventReceived("1", "approved", "o-2", None), receiver=INBOX)).key not in keys


def test_other_messages_are_kept_in_order_by_their_traversal() -> None:
    assert seal(SUCCEEDED).key == T
    assert seal(SUCCEEDED).headers["ce_subject"] == T
    assert "ce_subject" not in seal(evolve(FIRED, message=EventReceived("1", "a", "b", None))).headers


def test_what_follows_from_a_message_names_it_as_its_cause_in_the_same_trace() -> None:
    assert SUCCEEDED.stamps_of_what_follows() == Stamps(trace=TRACE, causation=SUCCEEDED.id, hops=4)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ce_id", ""),
        ("ce_type", "io.waygrid.TimerFired.v1"),
        ("ce_type", "com.example.NodeTraversalSucceeded.v1"),
        ("ce_type", "io.waygrid.NodeTraversalSucceeded"),
        ("ce_source", "https://example.com"),
        ("ce_time", "yesterday"),
        ("ce_specversion", "0.3"),
        ("ce_scheduledat", "2026-01-31"),
        ("ce_hops", "-1"),
        ("ce_hops", "9" * 5_000),
        ("ce_delivery", "one"),
        ("content-type", "application/avro"),
    ],
)
def test_a_wrong_header_is_named(header: str, value: str) -> None:
    record = seal(SUCCEEDED)
    opened = unseal(altered(record, headers={**record.headers, header: value}))
    assert isinstance(opened, Failure)
    assert opened.failure().where == header


@pytest.mark.parametrize("header", ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"])
def test_a_missing_header_is_named(header: str) -> None:
    record = seal(SUCCEEDED)
    without = {name: value for name, value in record.headers.items() if name != header}
    assert unseal(altered(record, headers=without)) == Failure(DecodeError(header, "this header is missing"))


def test_a_record_of_no_service_and_a_value_of_no_message_are_told() -> None:
    assert unseal(altered(seal(SUCCEEDED), topic="elsewhere")).failure().where == "topic"
    assert unseal(seal(SUCCEEDED), "acme").failure().where == "topic"
    assert unseal(altered(seal(SUCCEEDED), value=b"{}")).failure().where == "$"


def test_foreign_headers_and_a_content_type_with_a_charset_are_passed_over() -> None:
    record = seal(SUCCEEDED)
    headers = {**record.headers, "x-team": "orders", "content-type": "application/json; charset=utf-8"}
    assert unseal(altered(record, headers=headers)).unwrap() == SUCCEEDED


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "ff" + TRACE.traceparent[2:],
        TRACE.traceparent.upper(),
    ],
)
def test_a_broken_trace_is_begun_anew(traceparent: str) -> None:
    assert parse_trace(traceparent) is None
    record = seal(SUCCEEDED)
    opened = unseal(altered(record, headers={**record.headers, "traceparent": traceparent})).unwrap()
    assert opened.stamps == evolve(SUCCEEDED.stamps, trace=None)


def test_a_dead_letter_says_why_and_keeps_the_rest() -> None:
    record = seal(SUCCEEDED)
    dead = dead_letter(record, "the node is unknown")
    assert dead.topic == "system.waystation.dead-letter"
    assert dead.headers["waygrid-dead-letter-reason"] == "the node is unknown"
    assert (dead.key, dead.value, dead.id) == (record.key, encode_message(SUCCEEDED.message), SUCCEEDED.id)


@given(st.dictionaries(st.sampled_from(sorted(seal(SUCCEEDED).headers)), st.text(max_size=20)), st.binary(max_size=20))
def test_any_record_is_an_envelope_or_an_error(headers: dict[str, str], value: bytes) -> None:
    record = seal(SUCCEEDED)
    unseal(altered(record, headers={**record.headers, **headers}))
    unseal(altered(record, headers=headers, value=value))
    unseal(altered(record, value=value))
