"""Reads and writes conditions. A condition nests at most as deep as data may, so that recursion over it is safe."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, assert_never, get_args

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
from waygrid_core.condition.pointer import parse_pointer, write_pointer
from waygrid_core.extension.extension import ConditionRule
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.spec.extended import WriteExtension, open_extended, write_extension
from waygrid_core.spec.fields import Fields, Shape, nearest, shown, typed_shape
from waygrid_core.spec.limits import DEFAULT_LIMITS
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.templates import is_too_deep, read_operand, write_operand
from waygrid_core.template.template import Constant, Operand

OPERATORS: Final[tuple[ComparisonOperator, ...]] = get_args(ComparisonOperator)
Rules: TypeAlias = Mapping[str, type[ConditionRule]]
_STAND_IN: Final = Constant(None)

SHAPES: Final[Mapping[str, Shape]] = {
    "Always": typed_shape(),
    "JsonExists": typed_shape("pointer"),
    "JsonEquals": typed_shape("pointer", "value"),
    "JsonCompare": typed_shape("pointer", "op", "value"),
    "Not": typed_shape("cond"),
    "And": typed_shape("all"),
    "Or": typed_shape("any"),
}


def read_condition(
    document: JsonValue,
    place: Place,
    problems: ProblemSink,
    max_nesting: int = DEFAULT_LIMITS.value_nesting,
    extensions: Extensions = NO_EXTENSIONS,
) -> Condition:
    """A condition; where it could not be read stands a harmless one, and a problem."""
    # Operands count from the condition's own root, so one look is enough for all of it.
    if is_too_deep(document, place, problems, max_nesting):
        return Not(Always())
    return _read(document, place, problems, extensions.conditions)


def _read(document: JsonValue, place: Place, problems: ProblemSink, rules: Rules) -> Condition:
    opened = open_extended(document, place, problems, SHAPES, rules, "a condition")
    if opened is None:
        return Not(Always())
    if isinstance(opened, ConditionRule):
        return opened
    kind, fields = opened
    return _READERS[kind](fields, rules)


def _always(fields: Fields, rules: Rules) -> Condition:
    return Always()


def _exists(fields: Fields, rules: Rules) -> Condition:
    return JsonExists(_pointer(fields))


def _equals(fields: Fields, rules: Rules) -> Condition:
    return JsonEquals(_pointer(fields), _value(fields))


def _compare(fields: Fields, rules: Rules) -> Condition:
    pointer, value = _pointer(fields), _value(fields)
    written = fields.text("op")
    for operator in OPERATORS:
        if operator == written:
            return JsonCompare(pointer, operator, value)
    if written is not None:
        fields.refuse("op", "unknown-type", f"{shown(written)} is no comparison; {nearest(written, OPERATORS)}")
    return JsonCompare(pointer, "lt", value)


def _not(fields: Fields, rules: Rules) -> Condition:
    if not fields.has("cond"):
        return Not(Always())
    return Not(_read(fields.document["cond"], (fields.place, "cond"), fields.problems, rules))


def _all(fields: Fields, rules: Rules) -> Condition:
    return AllOf(_members(fields, "all", rules))


def _any(fields: Fields, rules: Rules) -> Condition:
    return AnyOf(_members(fields, "any", rules))


_READERS: Final[Mapping[str, Callable[[Fields, Rules], Condition]]] = {
    "Always": _always,
    "JsonExists": _exists,
    "JsonEquals": _equals,
    "JsonCompare": _compare,
    "Not": _not,
    "And": _all,
    "Or": _any,
}


def _pointer(fields: Fields) -> tuple[str, ...]:
    text = fields.text("pointer")
    if text is None:
        return ()
    outcome = parse_pointer(text)
    if isinstance(outcome, Failure):
        fields.refuse("pointer", "bad-pointer", outcome.failure())
        return ()
    return outcome.unwrap()


def _value(fields: Fields) -> Operand:
    if not fields.has("value"):
        return _STAND_IN
    return read_operand(fields.document["value"], (fields.place, "value"), fields.problems)


def _members(fields: Fields, name: str, rules: Rules) -> tuple[Condition, ...]:
    items = fields.items(name)
    if items is None:
        return ()
    if not items:
        fields.refuse(name, "empty-condition", f"{name} needs at least one condition")
    place: Place = (fields.place, name)
    return tuple(_read(item, (place, index), fields.problems, rules) for index, item in enumerate(items))


def write_condition(condition: Condition, write: WriteExtension = write_extension) -> JsonValue:
    """The document of a condition; `read_condition` gives it back. `write` is for extensions in it."""
    match condition:
        case Always():
            return {"type": "Always"}
        case JsonExists(pointer=pointer):
            return {"type": "JsonExists", "pointer": write_pointer(pointer)}
        case JsonEquals(pointer=pointer, value=value):
            return {"type": "JsonEquals", "pointer": write_pointer(pointer), "value": write_operand(value)}
        case JsonCompare(pointer=pointer, op=op, value=value):
            written = write_operand(value)
            return {"type": "JsonCompare", "pointer": write_pointer(pointer), "op": op, "value": written}
        case Not(cond=inner):
            return {"type": "Not", "cond": write_condition(inner, write)}
        case AllOf(all=members):
            return {"type": "And", "all": [write_condition(member, write) for member in members]}
        case AnyOf(any=members):
            return {"type": "Or", "any": [write_condition(member, write) for member in members]}
        case ConditionRule():
            return write(condition)
        case _:
            assert_never(condition)
