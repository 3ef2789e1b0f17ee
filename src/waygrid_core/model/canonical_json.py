"""Canonical JSON: one text for one value, so that equal meaning hashes alike.

RFC 8785 (members ordered by the UTF-16 code units of their keys, numbers as ECMAScript writes them), with two
additions. Whole numbers are written in full, however many digits they have. And every value has a text, for a hash of
user data must not raise: a lone surrogate, which UTF-8 cannot hold, stands as its escape (`\\ud800`), and a float that
is no number as `null`; both as `JSON.stringify` has it.
"""

import re
from collections.abc import Mapping
from typing import Final

import orjson
import rfc8785

from waygrid_core.model.json_text import write_with_care
from waygrid_core.model.json_value import JsonValue

# orjson writes the canonical form but for three things: floats that are whole (`1.0`), floats with an exponent, and the
# order of keys with characters above U+DFFF (UTF-8 sorts them by code point, UTF-16 does not). All leave traces in its
# text. A trace inside a string sends a value the slow way without need, which costs time and nothing else.
_NEEDS_CARE: Final = re.compile(rb'(?:\A|":|[,\[])-?[0-9]+(?:\.0(?![0-9])|(?:\.[0-9]+)?e)|[\xee-\xff]')
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def canonical_json(value: JsonValue) -> bytes:
    """The canonical text of a JSON value, in UTF-8. Raises `TypeError` for what is no JSON value."""
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except TypeError:  # a whole number over 64 bits, a lone surrogate, a mapping that is no dict, or no JSON at all
        return write_with_care(value, _ordered, _write_float)
    return text if _NEEDS_CARE.search(text) is None else write_with_care(value, _ordered, _write_float)


def _ordered(members: Mapping[str, JsonValue]) -> list[str]:
    return sorted(members, key=_utf16_order)


def _utf16_order(key: str) -> bytes:
    if not isinstance(key, str):
        raise TypeError(f"{type(key).__name__} is no key of a JSON object")
    return key.encode("utf-16-be", "surrogatepass")


def _write_float(number: float) -> str:
    text: bytes = rfc8785.dumps(float(number))
    return text.decode()
