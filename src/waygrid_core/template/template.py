"""The types of templates. `waygrid_core.spec` parses them; `evaluate` reads them.

A template is a JSON value in which some objects are leaves. A part without leaves is one `Constant`, so that reading
it costs nothing.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import frozen

from waygrid_core.model.json_value import JsonValue, Missing

Root: TypeAlias = Literal["payload", "input", "traversal", "node"]


@frozen
class DataPointer:
    """A pointer into what a node can see: `/payload/...`, `/input/...`, `/traversal/...`, `/nodes/<id>/output/...`.

    `node` is the author's id (of a join without one its joinNodeId), set if and only if `root` is "node"; `tokens`
    are the unescaped reference tokens after the root.
    """

    root: Root
    tokens: tuple[str, ...] = ()
    node: str | None = None


@frozen
class FromLeaf:
    """`{"$from": pointer or [pointer, ...], "$default"?: JSON}`: the first pointer that finds something."""

    pointers: tuple[DataPointer, ...]
    default: JsonValue | Missing
    is_list: bool = False
    """Whether the author wrote a list; only for writing it back as it was."""


@frozen
class TextLeaf:
    """`{"$text": "Order {/payload/id}"}`: text parts and pointers, in order."""

    parts: tuple[str | DataPointer, ...]


@frozen
class LiteralLeaf:
    """`{"$literal": JSON}`: the value as it stands, whatever its keys are called."""

    value: JsonValue


@frozen
class Constant:
    """A JSON value without a leaf in it, written plainly."""

    value: JsonValue


@frozen
class ObjectTemplate:
    """An object in which at least one member holds a leaf."""

    members: Mapping[str, "Template"]


@frozen
class ArrayTemplate:
    """An array in which at least one item holds a leaf."""

    items: tuple["Template", ...]


Leaf: TypeAlias = FromLeaf | TextLeaf | LiteralLeaf
Template: TypeAlias = Constant | FromLeaf | TextLeaf | LiteralLeaf | ObjectTemplate | ArrayTemplate
Operand: TypeAlias = Constant | FromLeaf | TextLeaf | LiteralLeaf
"""A plain value or a leaf: what stands in a condition's `value` and the like."""


@frozen
class SecretReference:
    """`{"$secret": {path, field?, version?}}`: resolved by the service that uses it, at the last moment."""

    path: str
    field: str | None = None
    version: int | None = None


ParameterTemplate: TypeAlias = Template | SecretReference
Parameter: TypeAlias = JsonValue | SecretReference
"""A parameter as it is dispatched: a value, or a secret that stays a reference."""
