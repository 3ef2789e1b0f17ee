"""Whether a Python value is JSON data, as deep as the core can walk it."""

import math
from collections.abc import Mapping
from typing import Final

from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.limits import DEFAULT_LIMITS

MAX_NESTING: Final = DEFAULT_LIMITS.value_nesting


def why_no_json(value: object) -> str | None:
    """Why `value` is no JSON data, or None if it is. Total, however deep the value is or if it holds itself."""
    return _problem(value, MAX_NESTING)


def _problem(value: object, levels: int) -> str | None:
    """Why a value is not JSON data, or None."""
    if value is None or isinstance(value, bool | int):
        return None
    if isinstance(value, str):
        return None if value.isascii() or _is_text(value) else "a text has a lone surrogate"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{value} is no JSON number"
    if levels == 0:
        return f"it nests deeper than {MAX_NESTING}"
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                return f"an object's key is of type {type(key).__name__}, not a text"
            if (problem := _problem(key, 1) or _problem(member, levels - 1)) is not None:
                return problem
        return None
    if isinstance(value, list | tuple):
        return next((problem for item in value if (problem := _problem(item, levels - 1)) is not None), None)
    return f"it holds a value of type {type(value).__name__}"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def copied(value: JsonValue) -> JsonValue:
    """The same JSON data in objects and arrays of its own: whoever is given it may change them."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: copied(member) for key, member in value.items()}
    return [copied(item) for item in value]
