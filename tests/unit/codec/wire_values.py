"""Values of every type that has a wire form, found from the types of its fields."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from attrs import NOTHING, Attribute, fields, has, resolve_types
from hypothesis import strategies as st

from waygrid_core.children.ending import TraversalEnd
from waygrid_core.children.series_state import CurrentRun
from waygrid_core.codec.wire import EFFECTS, EVENTS, MESSAGES, PARENTS, PLANS, SIGNALS, STATES, Wire
from waygrid_core.condition.expression import AllOf, AnyOf, Condition, Not
from waygrid_core.extension.extension import Extension
from waygrid_core.model.duration import MAX_DURATION
from waygrid_core.model.json_value import MISSING, JsonValue
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.policy.join import JoinStrategy
from waygrid_core.template.template import DataPointer, FromLeaf, Operand, Parameter, SecretReference, TextLeaf
from waygrid_core.traversal.state import NodeRun

WIRES: dict[str, Wire[Any]] = {
    "signals": SIGNALS,
    "events": EVENTS,
    "effects": EFFECTS,
    "states": STATES,
    "plans": PLANS,
    "parents": PARENTS,
    "messages": MESSAGES,
    "parts/node-runs": Wire(NodeRun),
    "parts/current-runs": Wire(CurrentRun),
    "parts/ends": Wire(TraversalEnd),
    "parts/join-strategies": Wire(JoinStrategy),
    "parts/conditions": Wire(Condition),
    "parts/operands": Wire(Operand),
}


def parts_of(kind: Any) -> tuple[Any, ...]:
    """The arguments of a type, but for extensions, which travel as documents (`Unread`)."""
    return tuple(each for each in get_args(kind) if not (isinstance(each, type) and issubclass(each, Extension)))


KINDS = [(name, kind) for name, wire in WIRES.items() for kind in parts_of(wire.union)]

for _kind in (AllOf, AnyOf, Not):
    resolve_types(_kind)

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$secret", "$literal", "$from", "type", "path", "a", "ä"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
SECRETS = st.builds(SecretReference, TEXT, st.none() | TEXT, st.none() | st.integers())
POINTERS = st.builds(
    DataPointer, st.sampled_from(["payload", "input", "traversal"]), st.lists(TEXT, max_size=2).map(tuple)
) | (st.builds(DataPointer, st.just("node"), st.lists(TEXT, max_size=2).map(tuple), st.just("ada")))


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    arguments = parts_of(kind)
    if kind is FromLeaf:
        return st.builds(FromLeaf, st.lists(POINTERS, max_size=2).map(tuple), st.just(MISSING) | JSON, st.booleans())
    if kind is TextLeaf:
        return st.lists(TEXT | POINTERS, max_size=3).map(tuple).map(TextLeaf)
    if has(kind):
        return st.builds(kind, **{field.name: values_of(field.type) for field in fields(kind)})
    if float in arguments:
        return (
            SECRETS | JSON
            if SecretReference in arguments
            else (JSON if len(arguments) == 7 else JSON | st.just(MISSING))
        )
    if get_origin(kind) is Literal:
        return st.sampled_from(arguments)
    if get_origin(kind) is PersistentMap:
        return st.dictionaries(TEXT, _later(arguments[1]), max_size=2).map(PersistentMap)
    if get_origin(kind) is Mapping and get_origin(arguments[0]) is tuple:
        return st.dictionaries(st.tuples(TEXT, st.none() | TEXT), JSON, max_size=2)
    if get_origin(kind) is Mapping:
        return st.dictionaries(TEXT, values_of(arguments[1]), max_size=2)
    if get_origin(kind) is tuple:
        return st.lists(_later(arguments[0]), max_size=2).map(tuple)
    if get_origin(kind) is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=2)
    if arguments:
        return st.one_of([_later(member) for member in arguments])
    return _scalars(kind)


def _later(kind: Any) -> st.SearchStrategy[Any]:
    """For types that refer to themselves."""
    return st.deferred(lambda: values_of(kind))


def _scalars(kind: Any) -> st.SearchStrategy[Any]:
    if kind is NoneType:
        return st.none()
    if kind is datetime:
        return st.datetimes(timezones=st.just(UTC))
    if kind is timedelta:
        return st.timedeltas(timedelta(microseconds=1), MAX_DURATION)
    if kind is int:
        return st.integers()
    if kind is bool:
        return st.booleans()
    assert kind is str or kind.__supertype__ is str, kind
    return TEXT


def least(kind: type) -> Any:
    """The value of a class in which every field that may has its default, and null where it may."""
    if kind is FromLeaf:
        return FromLeaf((), MISSING)
    return kind(**{field.name: _sample(field.type, False) for field in fields(kind) if field.default is NOTHING})


def full(kind: type) -> Any:
    """The value of a class in which no field has its default."""
    if kind is FromLeaf:
        return FromLeaf((DataPointer("payload", ("a/b", "~")), DataPointer("node", (), "ada")), None, True)
    if kind is TextLeaf:
        return TextLeaf(("Order ", DataPointer("input", ("id",)), "{}"))
    return kind(**{field.name: _full_field(field) for field in fields(kind)})


def _full_field(field: "Attribute[Any]") -> Any:
    if field.name == "timer":
        return "01HF7YAT0060RK4CSM6MV3EE1S/0123456789abcdef/2/timeout"
    return False if field.default is True else _sample(field.type, True)


def _sample(kind: Any, is_full: bool) -> Any:
    arguments = get_args(kind)
    if has(kind):
        return full(kind) if is_full else least(kind)
    if float in arguments:
        return {"text": "é", "whole": 1, "float": 1.0, "none": None, "array": [True]} if is_full else None
    if NoneType in arguments and not is_full:
        return None
    if get_origin(kind) is Literal:
        return arguments[1]
    if get_origin(kind) is PersistentMap:
        return PersistentMap({"b": _sample(arguments[1], True), "a": _sample(arguments[1], False)})
    if get_origin(kind) is Mapping and get_origin(arguments[0]) is tuple:
        return {("node digest", "input digest"): {"n": 1}, ("node digest", None): None}
    if get_origin(kind) is Mapping and arguments[1] == Parameter:
        secrets = {"key": SecretReference("openai"), "pin": SecretReference("vault/pin", "value", 3)}
        return {**secrets, "data": {"$secret": {"path": "p"}}, "literal": {"$literal": 1}, "plain": {"a": 1}}
    if get_origin(kind) is Mapping:
        return {"team": "blue", "customer/tier": "é"}
    if get_origin(kind) is tuple:
        return (_sample(arguments[0], True), _sample(arguments[0], False)) if arguments[0] is not str else ("a", "b")
    if get_origin(kind) is frozenset:
        return frozenset({"b", "a", "c"})
    if arguments:
        return _sample(next(member for member in arguments if member is not NoneType), is_full)
    return _scalar_sample(kind)


def _scalar_sample(kind: Any) -> Any:
    samples: dict[Any, Any] = {
        datetime: datetime(2026, 1, 31, 8, 0, 0, 250, tzinfo=UTC),
        timedelta: timedelta(minutes=90),
        int: 2,
        bool: True,
        str: "a text",
    }
    if kind in samples:
        return samples[kind]
    names = {
        "TraversalId": "01HF7YAT0060RK4CSM6MV3EE1S",
        "NodeId": "0123456789abcdef",
        "ScopeId": "fedcba9876543210/left",
    }
    return names.get(kind.__name__, kind.__name__)
