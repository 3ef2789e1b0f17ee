"""What a template gives at a node: leaves replaced by what the node can see.

Total: no template and no data makes it raise. What is found is given as it is, shared and not copied, for JSON values
are never changed in place.
"""

from collections.abc import Callable
from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_pointer import find
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.template.template import (
    ArrayTemplate,
    Constant,
    DataPointer,
    FromLeaf,
    LiteralLeaf,
    ObjectTemplate,
    Operand,
    Template,
    TextLeaf,
)

OutputOf: TypeAlias = Callable[[str], JsonValue | Missing]


@frozen
class Sight:
    """What one node can see. `output_of` gives the output of the node of an author's id, `MISSING` if it has none."""

    payload: JsonValue
    input: JsonValue
    traversal: TraversalId
    run: int
    output_of: OutputOf


def see_nothing(author_id: str) -> Missing:
    """The `output_of` of a place that no node's output can be seen from."""
    return MISSING


def evaluate(template: Template, sight: Sight) -> JsonValue:
    """The value of a template; where nothing is found at its top, null."""
    value = _evaluate(template, sight)
    return None if isinstance(value, Missing) else value


def read_operand(operand: Operand, sight: Sight) -> JsonValue | Missing:
    """The value of a plain value or a leaf; `MISSING` if it is a `$from` without default that finds nothing."""
    if isinstance(operand, Constant):
        return operand.value
    return _evaluate(operand, sight)


def _evaluate(template: Template, sight: Sight) -> JsonValue | Missing:
    match template:
        case Constant(value=value) | LiteralLeaf(value=value):
            return value
        case FromLeaf(pointers=pointers, default=default):
            for pointer in pointers:
                found = _see(pointer, sight)
                if not isinstance(found, Missing):
                    return found
            return default
        case TextLeaf(parts=parts):
            return "".join(part if isinstance(part, str) else _write(_see(part, sight)) for part in parts)
        case ObjectTemplate(members=members):
            values = ((key, _evaluate(member, sight)) for key, member in members.items())
            return {key: value for key, value in values if not isinstance(value, Missing)}
        case ArrayTemplate(items=items):
            return [evaluate(item, sight) for item in items]
        case _:
            assert_never(template)


def _see(pointer: DataPointer, sight: Sight) -> JsonValue | Missing:
    match pointer.root:
        case "payload":
            return find(sight.payload, pointer.tokens)
        case "input":
            return find(sight.input, pointer.tokens)
        case "traversal":
            return find({"id": sight.traversal, "run": sight.run}, pointer.tokens)
        case "node":
            assert pointer.node is not None, "a pointer to a node names it"
            output = sight.output_of(pointer.node)
            return output if isinstance(output, Missing) else find(output, pointer.tokens)
        case _:
            assert_never(pointer.root)


def _write(value: JsonValue | Missing) -> str:
    """How a value stands in a text."""
    if isinstance(value, str):
        return value
    return "" if isinstance(value, Missing) else canonical_json(value).decode()
