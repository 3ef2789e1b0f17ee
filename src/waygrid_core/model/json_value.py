"""JSON as Python values, and when two of them are equal."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

JsonValue: TypeAlias = Union[bool, int, float, str, "Sequence[JsonValue]", "Mapping[str, JsonValue]", None]
"""Arrays are lists, objects are dicts; what reads them must not change them."""

JsonObject: TypeAlias = Mapping[str, JsonValue]


class Missing:
    """The type of `MISSING`: what a pointer finds where nothing is. It is no JSON value; null is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


def is_number(value: JsonValue) -> bool:
    """Whether `value` is a JSON number. In Python a bool is an int; in JSON it is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_json_array(value: JsonValue) -> bool:
    """Whether `value` is a JSON array."""
    return isinstance(value, list | tuple)


def json_equal(left: JsonValue, right: JsonValue) -> bool:
    """Equality of JSON values: 1 equals 1.0; neither equals true or "1"; arrays in order, objects by key.

    Values nested deeper than the parsers let through would raise `RecursionError`.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if left is None or right is None:
        return left is right
    if isinstance(left, int | float) or isinstance(right, int | float):
        return isinstance(left, int | float) and isinstance(right, int | float) and left == right
    if isinstance(left, Mapping) or isinstance(right, Mapping):
        return (
            isinstance(left, Mapping)
            and isinstance(right, Mapping)
            and left.keys() == right.keys()
            and all(json_equal(value, right[key]) for key, value in left.items())
        )
    return len(left) == len(right) and all(json_equal(a, b) for a, b in zip(left, right, strict=True))
