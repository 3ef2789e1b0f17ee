"""Conditions: a row for each statement that the design makes about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.condition.evaluate import NEVER, holds, resolve
from waygrid_core.condition.expression import (
    AllOf,
    Always,
    AnyOf,
    ComparisonOperator,
    Condition,
    JsonCompare,
    JsonEquals,
    JsonExists,
    Not,
)
from waygrid_core.condition.pointer import parse_pointer
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue
from waygrid_core.template.evaluate import Sight, see_nothing
from waygrid_core.template.template import Constant, DataPointer, FromLeaf, LiteralLeaf, Operand, TextLeaf

SIGHT = Sight({"limit": 10, "names": ["ada", "bob"]}, {"n": 1}, TraversalId("T"), 3, see_nothing)
OUTPUT: JsonValue = {
    "n": 1, "float": 1.0, "true": True, "one": "1", "null": None, "text": "banana", "list": [1, "a", None, [2]],
    "object": {"a": 1}, "big": 10**400, "empty": "",
}  # fmt: skip
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
OPERATORS: tuple[ComparisonOperator, ...] = ("lt", "le", "gt", "ge", "ne", "contains", "in")


def from_leaf(*pointers: DataPointer) -> FromLeaf:
    return FromLeaf(pointers, MISSING)


def compare(pointer: str, op: ComparisonOperator, value: JsonValue | Operand) -> JsonCompare:
    return JsonCompare(parse_pointer(pointer).unwrap(), op, _operand(value))


def equals(pointer: str, value: JsonValue | Operand) -> JsonEquals:
    return JsonEquals(parse_pointer(pointer).unwrap(), _operand(value))


def _operand(value: JsonValue | Operand) -> Operand:
    return value if isinstance(value, Constant | FromLeaf | TextLeaf | LiteralLeaf) else Constant(value)


def exists(pointer: str) -> JsonExists:
    return JsonExists(parse_pointer(pointer).unwrap())


HOLD: list[Condition] = [
    Always(),
    exists(""),
    exists("/null"),
    exists("/list/3/0"),
    equals("/n", 1),
    equals("/n", 1.0),
    equals("/float", 1),
    equals("/null", None),
    equals("/list", [1.0, "a", None, [2]]),
    equals("/object", {"a": 1}),
    equals("/n", from_leaf(DataPointer("input", ("n",)))),
    equals("/one", TextLeaf((DataPointer("input", ("n",)),))),
    equals("/object", LiteralLeaf({"a": 1.0})),
    compare("/n", "lt", 2),
    compare("/n", "lt", 1.5),
    compare("/n", "le", 1.0),
    compare("/n", "ge", 1),
    compare("/n", "gt", -(10**400)),
    compare("/big", "gt", 1e308),
    compare("/n", "lt", from_leaf(DataPointer("payload", ("limit",)))),
    compare("/text", "lt", "banane"),
    compare("/text", "gt", "Zebra"),
    compare("/empty", "lt", "\x00"),
    compare("/text", "lt", "\U0001f600"),
    compare("/n", "ne", 2),
    compare("/text", "ne", "apple"),
    compare("/true", "ne", False),
    compare("/list", "ne", []),
    compare("/object", "ne", {}),
    compare("/list", "contains", 1.0),
    compare("/list", "contains", None),
    compare("/list", "contains", [2]),
    compare("/text", "contains", "nan"),
    compare("/text", "contains", ""),
    compare("/n", "in", [3, 1.0]),
    compare("/one", "in", "213"),
    compare("/null", "in", [None]),
    compare("/n", "in", LiteralLeaf([1])),
    Not(exists("/nowhere")),
    Not(equals("/nowhere", None)),
    Not(equals("/n", from_leaf(DataPointer("input", ("nowhere",))))),
    AllOf((Always(), exists("/n"))),
    AnyOf((exists("/nowhere"), Always())),
]
DO_NOT_HOLD: list[Condition] = [
    NEVER,
    exists("/nowhere"),
    exists("/list/4"),
    equals("/n", True),
    equals("/n", "1"),
    equals("/true", 1),
    equals("/nowhere", None),
    equals("/null", from_leaf(DataPointer("input", ("nowhere",)))),
    equals("/n", from_leaf(DataPointer("node", (), "other"))),
    compare("/n", "lt", 1),
    compare("/n", "gt", 1),
    compare("/n", "lt", "2"),
    compare("/one", "lt", 2),
    compare("/true", "lt", 2),
    compare("/true", "ge", True),
    compare("/n", "ge", False),
    compare("/null", "le", None),
    compare("/list", "lt", [2]),
    compare("/big", "lt", 1e308),
    compare("/n", "ne", 1.0),
    compare("/n", "ne", "1"),
    compare("/n", "ne", True),
    compare("/n", "ne", None),
    compare("/null", "ne", None),
    compare("/null", "ne", 0),
    compare("/nowhere", "ne", 1),
    compare("/list", "ne", {}),
    compare("/list", "ne", [1, "a", None, [2.0]]),
    compare("/list", "contains", True),
    compare("/text", "contains", 1),
    compare("/object", "contains", "a"),
    compare("/n", "contains", 1),
    compare("/n", "in", "123"),
    compare("/n", "in", {"1": 1}),
    compare("/n", "in", 1),
    compare("/n", "lt", from_leaf(DataPointer("payload", ("nowhere",)))),
    compare("/n", "lt", from_leaf(DataPointer("payload", ("names",)))),
    Not(Always()),
    AllOf((Always(), exists("/nowhere"))),
    AnyOf((exists("/nowhere"), NEVER)),
]


@pytest.mark.parametrize("condition", HOLD, ids=str)
def test_it_holds_now_and_when_its_leaves_were_read_before(condition: Condition) -> None:
    assert holds(condition, OUTPUT, SIGHT)
    assert holds(resolve(condition, SIGHT), OUTPUT, Sight(None, None, TraversalId("U"), 1, see_nothing))


@pytest.mark.parametrize("condition", DO_NOT_HOLD, ids=str)
def test_it_does_not_hold_but_its_negation_does(condition: Condition) -> None:
    assert not holds(condition, OUTPUT, SIGHT)
    assert holds(Not(condition), OUTPUT, SIGHT)
    resolved = resolve(condition, SIGHT)
    assert not holds(resolved, OUTPUT, Sight(None, None, TraversalId("U"), 1, see_nothing))


def test_a_condition_without_leaves_resolves_to_itself() -> None:
    condition = equals("/n", 1)
    assert resolve(condition, SIGHT) is condition
    assert resolve(Not(condition), SIGHT) == Not(condition)


def test_a_leaf_that_finds_nothing_makes_only_its_own_condition_false() -> None:
    lost = equals("/n", from_leaf(DataPointer("input", ("nowhere",))))
    assert resolve(AnyOf((Not(lost), lost)), SIGHT) == AnyOf((Not(NEVER), NEVER))


@given(JSON, st.sampled_from(OPERATORS), JSON)
def test_no_comparison_raises_and_unlike_types_are_never_in_relation(
    left: JsonValue, op: ComparisonOperator, right: JsonValue
) -> None:
    outcome = holds(JsonCompare((), op, Constant(right)), left, SIGHT)
    if op in ("lt", "le", "gt", "ge") and (
        isinstance(left, bool) or isinstance(left, str) is not isinstance(right, str)
    ):
        assert not outcome
    if op == "ne" and outcome:
        assert not holds(JsonEquals((), Constant(right)), left, SIGHT)


@given(JSON, JSON)
def test_in_is_the_converse_of_contains(left: JsonValue, right: JsonValue) -> None:
    assert holds(JsonCompare((), "in", Constant(right)), left, SIGHT) == holds(
        JsonCompare((), "contains", Constant(left)), right, SIGHT
    )
