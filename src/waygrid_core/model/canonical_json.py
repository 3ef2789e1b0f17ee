"""Canonical JSON: one text for one value, so that equal meaning hashes alike.

RFC 8785 (members ordered by the UTF-16 code units of their keys, numbers as ECMAScript writes them), with two
additions. Whole numbers are written in full, however many digits they have. And every value has a text, for a hash of
user data must not raise: a lone surrogate, which UTF-8 cannot hold, stands as its escape (`\\ud800`), and a float that
is no number as `null`; both as `JSON.stringify` has it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

import orjson
import rfc8785

from waygrid_core.model.json_value import JsonValue

# orjson writes the canonical form but for two things: floats, and the order of keys with characters above U+DFFF
# (UTF-8 sorts them by code point, UTF-16 does not). Both leave traces in its text. A trace inside a string sends a
# value the slow way without need, which costs time and nothing else.
_NEEDS_CARE: Final = re.compile(rb'(?:\A|":|[,\[])-?[0-9]+[.e]|[\xee-\xff]')
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

_ESCAPED: Final = re.compile('[\x00-\x1f"\\\\\ud800-\udfff]')
_SHORT_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def canonical_json(value: JsonValue) -> bytes:
    """The canonical text of a JSON value, in UTF-8. Raises `TypeError` for what is no JSON value."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except TypeError:  # a whole number over 64 bits, a lone surrogate, a mapping that is no dict, or no JSON at all
        return _write(value).encode()
    return text if _NEEDS_CARE.search(text) is None else _write(value).encode()


def write_whole_number(number: int) -> str:
    """All digits of a whole number. `str` refuses more than some thousands of them."""
    if -(2**63) <= number < 2**63:
        return int.__repr__(number)
    return f"{Decimal(number):f}"


def _write(value: JsonValue) -> str:
    """The canonical text, by an explicit stack: a value may nest deeper than Python's own stack."""
    pieces: list[str] = []
    open_containers: list[tuple[Iterator[tuple[str, JsonValue]], str]] = []
    _write_head(value, pieces, open_containers)
    while open_containers:
        members, end = open_containers[-1]
        for prefix, member in members:
            pieces.append(prefix)
            _write_head(member, pieces, open_containers)
            break
        else:
            open_containers.pop()
            pieces.append(end)
    return "".join(pieces)


def _write_head(
    value: JsonValue, pieces: list[str], open_containers: list[tuple[Iterator[tuple[str, JsonValue]], str]]
) -> None:
    """Writes a scalar whole; of a container its first character, and leaves it open."""
    if value is None:
        pieces.append("null")
    elif isinstance(value, str):
        pieces.append(_write_string(value))
    elif isinstance(value, bool):
        pieces.append("true" if value else "false")
    elif isinstance(value, int):
        pieces.append(write_whole_number(value))
    elif isinstance(value, float):
        pieces.append(_write_float(value))
    elif isinstance(value, Mapping):
        pieces.append("{")
        open_containers.append((_members(value), "}"))
    elif isinstance(value, list | tuple):
        pieces.append("[")
        open_containers.append((_items(value), "]"))
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")


def _members(value: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    separator = ""
    for key in sorted(value, key=_utf16_order):
        yield f"{separator}{_write_string(key)}:", value[key]
        separator = ","


def _items(value: Sequence[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    separator = ""
    for item in value:
        yield separator, item
        separator = ","


def _utf16_order(key: str) -> bytes:
    if not isinstance(key, str):
        raise TypeError(f"{type(key).__name__} is no key of a JSON object")
    return key.encode("utf-16-be", "surrogatepass")


def _write_string(text: str) -> str:
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(matched: re.Match[str]) -> str:
    character = matched[0]
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _write_float(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return "null"
    text: bytes = rfc8785.dumps(float(number))
    return text.decode()
