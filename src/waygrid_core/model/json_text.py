"""JSON written by hand, for what the quick writers refuse: any depth, any whole number, any text.

Every value has a text. A lone surrogate, which UTF-8 cannot hold, stands as its escape (`\\ud800`), and a float that is
no number as `null`; both as `JSON.stringify` has it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Final, TypeAlias

from waygrid_core.model.json_value import JsonValue

KeyOrder: TypeAlias = Callable[[Mapping[str, JsonValue]], Iterable[str]]
FloatForm: TypeAlias = Callable[[float], str]

_ESCAPED: Final = re.compile('[\x00-\x1f"\\\\\ud800-\udfff]')
_SHORT_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def write_with_care(value: JsonValue, keys_of: KeyOrder, write_float: FloatForm) -> bytes:
    """Compact JSON text in UTF-8: `keys_of` says in which order an object's keys stand, `write_float` what a finite
    float looks like. Raises `TypeError` for what is no JSON value.
    """
    pieces: list[str] = []
    open_containers: list[tuple[Iterator[tuple[str, JsonValue]], str]] = []

    def begin(part: JsonValue) -> None:
        """Writes a scalar whole; of a container its first character, and leaves it open."""
        if isinstance(part, str):
            pieces.append(_write_string(part))
        elif part is None:
            pieces.append("null")
        elif isinstance(part, bool):
            pieces.append("true" if part else "false")
        elif isinstance(part, int):
            pieces.append(write_whole_number(part))
        elif isinstance(part, float):
            pieces.append(write_float(part) if isfinite(part) else "null")
        elif isinstance(part, Mapping):
            pieces.append("{")
            open_containers.append((_members(part, keys_of(part)), "}"))
        elif isinstance(part, list | tuple):
            pieces.append("[")
            open_containers.append((_items(part), "]"))
        else:
            raise TypeError(f"{type(part).__name__} is no JSON value")

    begin(value)
    while open_containers:
        members, end = open_containers[-1]
        for prefix, member in members:
            pieces.append(prefix)
            begin(member)
            break
        else:
            open_containers.pop()
            pieces.append(end)
    return "".join(pieces).encode()


def write_whole_number(number: int) -> str:
    """All digits of a whole number. `str` refuses more than some thousands of them."""
    if -(2**63) <= number < 2**63:
        return int.__repr__(number)
    return f"{Decimal(number):f}"


def _members(members: Mapping[str, JsonValue], keys: Iterable[str]) -> Iterator[tuple[str, JsonValue]]:
    separator = ""
    for key in keys:
        yield f"{separator}{_write_string(key)}:", members[key]
        separator = ","


def _items(items: Sequence[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    separator = ""
    for item in items:
        yield separator, item
        separator = ","


def _write_string(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(matched: re.Match[str]) -> str:
    character = matched[0]
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"
