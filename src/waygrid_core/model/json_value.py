"""JSON as Python values, and when two of them are equal."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, Union

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

_SCALARS: Final = (str, int, float)  # a bool is an int here


def is_number(value: JsonValue) -> bool:
    """Whether `value` is a JSON number. In Python a bool is an int; in JSON it is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_json_array(value: JsonValue) -> bool:
    """Whether `value` is a JSON array."""
    return isinstance(value, list | tuple)


def json_equal(left: JsonValue, right: JsonValue) -> bool:
    """Equality of JSON values: 1 equals 1.0; neither equals true or "1"; arrays in order, objects by key.

    Values may nest deeper than Python's own stack.
    """
    pending = [(left, right)]
    while pending:
        left, right = pending.pop()
        if left is None or isinstance(left, _SCALARS):
            if not _scalars_equal(left, right):
                return False
        elif isinstance(left, Mapping):
            if not isinstance(right, Mapping) or left.keys() != right.keys():
                return False
            pending.extend((value, right[key]) for key, value in left.items())
        else:
            if not isinstance(right, list | tuple) or len(left) != len(right):
                return False
            pending.extend(zip(left, right, strict=True))
    return True


def _scalars_equal(left: str | float | None, right: JsonValue) -> bool:
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str):
        return isinstance(right, str) and left == right
    return isinstance(right, int | float) and left == right
