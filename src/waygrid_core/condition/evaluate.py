"""Whether a condition holds of a node's output. Total: what makes no sense is false, never an error."""

from typing import assert_never

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
from waygrid_core.extension.asked_rules import holds_by
from waygrid_core.extension.extension import ConditionRule
from waygrid_core.model.json_pointer import find
from waygrid_core.model.json_value import JsonValue, Missing, json_equal
from waygrid_core.template.evaluate import Sight, read_operand
from waygrid_core.template.template import Constant, Operand

NEVER = Not(Always())
"""A condition that never holds."""


def holds(condition: Condition, output: JsonValue, sight: Sight) -> bool:
    """Whether `condition` holds of `output`; `sight` is what its leaves see."""
    match condition:
        case Always():
            return True
        case JsonExists(pointer=pointer):
            return not isinstance(find(output, pointer), Missing)
        case JsonEquals(pointer=pointer, value=operand):
            found, value = find(output, pointer), read_operand(operand, sight)
            return not isinstance(found, Missing) and not isinstance(value, Missing) and json_equal(found, value)
        case JsonCompare(pointer=pointer, op=op, value=operand):
            found, value = find(output, pointer), read_operand(operand, sight)
            return not isinstance(found, Missing) and not isinstance(value, Missing) and _compare(found, op, value)
        case Not(cond=negated):
            return not holds(negated, output, sight)
        case AllOf(all=members):
            return all(holds(member, output, sight) for member in members)
        case AnyOf(any=members):
            return any(holds(member, output, sight) for member in members)
        case ConditionRule():
            return holds_by(condition, output)
        case _:
            assert_never(condition)


def resolve(condition: Condition, sight: Sight) -> Condition:
    """The condition with every leaf replaced by what it finds now; one whose leaf finds nothing never holds."""
    match condition:
        case Always() | JsonExists() | JsonEquals(value=Constant()) | JsonCompare(value=Constant()) | ConditionRule():
            return condition
        case JsonEquals(pointer=pointer, value=operand):
            constant = _resolve_operand(operand, sight)
            return NEVER if constant is None else JsonEquals(pointer, constant)
        case JsonCompare(pointer=pointer, op=op, value=operand):
            constant = _resolve_operand(operand, sight)
            return NEVER if constant is None else JsonCompare(pointer, op, constant)
        case Not(cond=negated):
            return Not(resolve(negated, sight))
        case AllOf(all=members):
            return AllOf(tuple(resolve(member, sight) for member in members))
        case AnyOf(any=members):
            return AnyOf(tuple(resolve(member, sight) for member in members))
        case _:
            assert_never(condition)


def _resolve_operand(operand: Operand, sight: Sight) -> Constant | None:
    value = read_operand(operand, sight)
    return None if isinstance(value, Missing) else Constant(value)


def _compare(left: JsonValue, op: ComparisonOperator, right: JsonValue) -> bool:
    match op:
        case "contains":
            return _contains(left, right)
        case "in":
            return _contains(right, left)
        case "ne":
            return _kind(left) == _kind(right) and not json_equal(left, right)
        case "lt" | "le" | "gt" | "ge":
            if isinstance(left, str) and isinstance(right, str):
                return _is_ordered(left < right, left == right, op)
            if isinstance(left, bool) or isinstance(right, bool):
                return False
            if isinstance(left, int | float) and isinstance(right, int | float):
                return _is_ordered(left < right, left == right, op) if left == left and right == right else False
            return False
        case _:
            assert_never(op)


def _is_ordered(less: bool, equal: bool, op: ComparisonOperator) -> bool:
    match op:
        case "lt":
            return less
        case "le":
            return less or equal
        case "gt":
            return not (less or equal)
        case _:
            return not less


def _contains(container: JsonValue, member: JsonValue) -> bool:
    """Whether `member` is a member of an array, or a part of a text."""
    if isinstance(container, str):
        return isinstance(member, str) and member in container
    if isinstance(container, list | tuple):
        return any(json_equal(item, member) for item in container)
    return False


def _kind(value: JsonValue) -> str:
    """Which of the six kinds of JSON a value is: values of unlike kinds are never compared."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return "array"
        case _:
            return "object"
