"""The wire forms: everything that is stored or sent reads back as it was, whatever its version."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.codec.wire_values import KINDS, WIRES, full, least, values_of
from waygrid_core.children.plan import LoopPlan
from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.versions import UPCASTERS, Document, Upcasters
from waygrid_core.codec.wire import (
    EVENTS,
    PLANS,
    SIGNALS,
    Wire,
    decode_effect,
    decode_event,
    decode_message,
    decode_plan,
    decode_signal,
    decode_state,
    encode_effect,
    encode_event,
    encode_message,
    encode_plan,
    encode_signal,
    encode_state,
)
from waygrid_core.condition.expression import AllOf, Always, Condition, Not
from waygrid_core.message.messages import TimerFired
from waygrid_core.model.identifiers import DagHash, NodeId, ScopeId, TimerId, TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.outcome import Failure
from waygrid_core.template.template import SecretReference
from waygrid_core.traversal.effects import Complete
from waygrid_core.traversal.events import Event, NodeDispatched, NodeStarted, NodeSucceeded, SignalHeld
from waygrid_core.traversal.signals import NodeSuccess, Pause
from waygrid_core.traversal.state import InFlight, TraversalState, new_traversal

T = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
N = NodeId("0123456789abcdef")


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_every_value_reads_back_as_it_was(name: str, kind: type) -> None:
    wire = WIRES[name]

    @given(values_of(kind))
    def reads_back(value: Any) -> None:
        data = wire.encode(value)
        assert wire.decode(data).unwrap() == value
        assert wire.encode(wire.decode(data).unwrap()) == data

    reads_back()


@given(st.lists(values_of(EVENTS.union), max_size=3).map(tuple))
def test_a_row_of_events_reads_back_in_order(events: Any) -> None:
    assert EVENTS.decode_all(EVENTS.encode_all(events)).unwrap() == events


def test_the_short_functions_are_those_of_their_vocabulary() -> None:
    assert decode_signal(encode_signal(Pause(T))).unwrap() == Pause(T)
    assert decode_event(encode_event(NodeStarted(N, 1))).unwrap() == NodeStarted(N, 1)
    assert decode_effect(encode_effect(Complete(1))).unwrap() == Complete(1)
    assert decode_state(encode_state(new_traversal(T))).unwrap() == new_traversal(T)
    plan = LoopPlan(DagHash("d"), Always(), 3, None)
    assert decode_plan(encode_plan(plan)).unwrap() == plan
    message = TimerFired(T, TimerId("t"))
    assert decode_message(encode_message(message)).unwrap() == message


def test_a_missing_output_is_not_a_null_one() -> None:
    assert encode_signal(NodeSuccess(T, N, 1)) == (
        b'{"type":"NodeSuccess.v1","traversal":"01HF7YAT0060RK4CSM6MV3EE1S","node":"0123456789abcdef","attempt":1}'
    )
    assert decode_signal(encode_signal(NodeSuccess(T, N, 1))).unwrap() == NodeSuccess(T, N, 1, MISSING)
    assert decode_signal(encode_signal(NodeSuccess(T, N, 1, None))).unwrap() == NodeSuccess(T, N, 1, None)


@pytest.mark.parametrize(
    "value",
    [
        {"$secret": {"path": "p"}},
        {"$literal": 1},
        {"$literal": {"$secret": {"path": "p"}}},
        {"$secret": 1, "a": 2},
        {"$secret": None},
        [{"$secret": {"path": "p"}}],
        SecretReference("p"),
        SecretReference("p", "field", 0),
    ],
)
def test_a_secret_stays_a_reference_and_data_that_looks_like_one_stays_data(value: JsonValue | SecretReference) -> None:
    event = NodeDispatched(N, ScopeId(""), 1, None, None, {"p": value}, None, None)
    assert decode_event(encode_event(event)).unwrap() == event


def test_an_instant_is_utc_to_the_microsecond() -> None:
    east = datetime(2026, 1, 31, 10, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    event = NodeDispatched(N, ScopeId(""), 1, None, None, {}, None, east)
    assert b'"due":"2026-01-31T08:00:00.000001Z"' in encode_event(event)
    decoded = decode_event(encode_event(event)).unwrap()
    assert isinstance(decoded, NodeDispatched)
    assert decoded.due == east
    assert decoded.due.tzinfo is UTC


def test_the_bytes_of_a_state_do_not_depend_on_the_order_of_its_maps() -> None:
    run = InFlight(ScopeId(""), 1, None, None, {}, None, None)
    names = [NodeId(f"{index:016x}") for index in range(100)]
    forward = TraversalState(T, nodes=PersistentMap(dict.fromkeys(names, run)))
    backward = TraversalState(T, nodes=PersistentMap(dict.fromkeys(reversed(names), run)))
    assert encode_state(forward) == encode_state(backward)


def test_data_of_any_depth_and_any_number_reads_back() -> None:
    output: JsonValue = 2**100
    for _ in range(5_000):
        output = {"error": {"code": "failed"}, "input": output}
    data = encode_event(NodeSucceeded(N, 1, None, output))
    decoded = decode_event(data).unwrap()
    assert isinstance(decoded, NodeSucceeded)
    assert encode_event(decoded) == data


def test_a_condition_as_deep_as_one_may_be_reads_back() -> None:
    condition: Condition = Always()
    for level in range(100):
        condition = Not(condition) if level % 2 else AllOf((condition,))
    plan = LoopPlan(DagHash("d"), condition, 3, timedelta(seconds=5))
    assert PLANS.decode(PLANS.encode(plan)).unwrap() == plan


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"{", DecodeError("$", "no JSON: at character 1 a key was expected")),
        (b"[]", DecodeError("$", "an object with a type is expected")),
        (b'{"type":"NodeStarted.v1","node":7,"attempt":1}', DecodeError("$.node", "a text is expected")),
        (b'{"type":"NodeStarted.v1","node":"n"}', DecodeError("$.attempt", "required field missing")),
        (
            b'{"type":"NodeStarted.v1","node":"n","attempt":true}',
            DecodeError("$.attempt", "a whole number is expected"),
        ),
        (
            b'{"type":"NodeStarted.v2","node":"n"}',
            DecodeError("$", "'NodeStarted.v2' is of a newer version than 'NodeStarted.v1'; update Waygrid to read it"),
        ),
        (
            b'{"type":"SignalHeld.v1","signal":{"type":"Timeout.v1","traversal":"t"}}',
            DecodeError("$.signal.node", "required field missing"),
        ),
        (
            b'{"type":"ForkOpened.v1","fork":"f","join":"j","scope":"","arrived":1,"branches":["a",1]}',
            DecodeError("$.branches[1]", "a text is expected"),
        ),
        (
            b'{"type":"NodeScheduled.v1","node":"n","scope":"","arrived":1,"due":"2026-01-01T00:00:00"}',
            DecodeError("$.due", "an instant with an offset is expected"),
        ),
    ],
)
def test_an_error_says_where(data: bytes, error: DecodeError) -> None:
    assert decode_event(data) == Failure(error)


def test_an_error_in_a_state_or_a_row_says_where() -> None:
    state = b'{"type":"TraversalState.v1","traversal":"t","nodes":{"n":{"type":"Joining.v1","fork":"f","due":5}}}'
    assert decode_state(state) == Failure(DecodeError("$.nodes['n'].due", "an instant with an offset is expected"))
    row = b'[{"type":"NodeStarted.v1","node":"n","attempt":1},{"type":"NodeStarted.v1","node":"n"}]'
    assert EVENTS.decode_all(row) == Failure(DecodeError("$[1].attempt", "required field missing"))
    assert EVENTS.decode_all(b"{}") == Failure(DecodeError("$", "an array is expected"))


@pytest.mark.parametrize(
    "tag", ["NodeStarted", "NodeStarted.v0", "NodeStarted.v01", "NodeStarted.v-1", "Pause.v1", "", None, 3]
)
def test_an_unknown_tag_is_told_with_those_that_are_known(tag: JsonValue) -> None:
    decoded = EVENTS.from_json({"type": tag, "node": "n", "attempt": 1})
    assert isinstance(decoded, Failure)
    assert "NodeStarted" in decoded.failure().message


@given(values_of(JsonValue))
def test_any_document_is_a_value_or_an_error(document: JsonValue) -> None:
    for name, kind in KINDS:
        tagged = {"type": f"{kind.__name__}.v1", **document} if isinstance(document, dict) else document
        WIRES[name].from_json(tagged)


@given(st.data())
def test_a_damaged_form_is_a_value_or_an_error(data: st.DataObject) -> None:
    name, kind = data.draw(st.sampled_from(KINDS))
    document = WIRES[name].to_json(full(kind))
    assert isinstance(document, dict)
    field = data.draw(st.sampled_from(sorted(document)))
    WIRES[name].from_json({**document, field: data.draw(values_of(JsonValue))})


def test_a_field_that_the_form_does_not_have_is_an_error() -> None:
    decoded = decode_event(b'{"type":"SignalHeld.v1","signal":{"type":"Pause.v1","traversal":"t","node":"n"}}')
    assert isinstance(decoded, Failure)
    timeout = b'{"type":"TraversalTimeout.v1","traversal":"t","timer":"","n":1}'
    held = decode_event(b'{"type":"SignalHeld.v1","signal":%s}' % timeout)
    assert held == Failure(DecodeError("$.signal", "extra fields found (n)"))
    until = b'{"type":"JsonEquals.v1","pointer":[],"value":%s}'
    leaf = b'{"type":"LoopPlan.v1","body":"d","at_most":1,"every":null,"until":%s}' % until
    for value in (b'{"type":"FromLeaf.v1","pointers":[],"x":1}', b'{"type":"TextLeaf.v1","parts":[],"x":1}'):
        assert decode_plan(leaf % value) == Failure(DecodeError("$.until.value", "extra fields found (x)"))


def test_an_older_form_is_raised_step_by_step_wherever_it_stands() -> None:
    def named_node(old: Document) -> Document:
        return {**{key: value for key, value in old.items() if key != "step"}, "node": old["step"]}

    def counted(old: Document) -> Document:
        return {"attempt": 1, **old}

    upcasters: Upcasters = {NodeStarted: (named_node, counted), NodeSuccess: (counted,)}
    events, signals = Wire[Event](Event, upcasters), Wire[Any](SIGNALS.union, upcasters)
    assert events.encode(NodeStarted(N, 2)).startswith(b'{"type":"NodeStarted.v3"')
    assert events.decode(b'{"type":"NodeStarted.v1","step":"n"}').unwrap() == NodeStarted(NodeId("n"), 1)
    assert events.decode(b'{"type":"NodeStarted.v2","node":"n"}').unwrap() == NodeStarted(NodeId("n"), 1)
    assert events.decode(b'{"type":"NodeStarted.v3","node":"n","attempt":4}').unwrap() == NodeStarted(NodeId("n"), 4)
    held = b'{"type":"SignalHeld.v1","signal":{"type":"NodeSuccess.v1","traversal":"t","node":"n"}}'
    assert events.decode(held).unwrap() == SignalHeld(NodeSuccess(TraversalId("t"), NodeId("n"), 1))
    assert signals.decode(b'{"type":"NodeSuccess.v1","traversal":"t","node":"n"}').unwrap() == NodeSuccess(
        TraversalId("t"), NodeId("n"), 1
    )


def test_every_step_of_an_upcaster_is_for_a_class_that_has_a_wire_form() -> None:
    assert set(UPCASTERS) <= {kind for _, kind in KINDS}


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_field_with_its_default_is_left_out(name: str, kind: type) -> None:
    shortest = WIRES[name].to_json(least(kind))
    longest = WIRES[name].to_json(full(kind))
    assert isinstance(shortest, dict)
    assert isinstance(longest, dict)
    assert set(shortest) <= set(longest)
    assert next(iter(shortest)) == "type"
