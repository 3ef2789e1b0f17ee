"""RFC 6901 pointers into JSON: parsed once, then read many times as a tuple of tokens."""

import re
from collections.abc import Mapping
from typing import Final

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.outcome import Failure, Outcome, Success

_BAD_ESCAPE: Final = re.compile("~(?![01])")
_MAX_INDEX_DIGITS: Final = 15  # no array is longer; and `int` must not be given text without end


def parse_pointer(text: str) -> Outcome[tuple[str, ...], str]:
    """The reference tokens of a pointer, unescaped, or a sentence that says what would be right."""
    if text == "":
        return Success(())
    if not text.startswith("/"):
        return Failure(f"{text[:60]!r} is no pointer; write it with a leading slash, such as /order/id")
    if _BAD_ESCAPE.search(text) is not None:
        return Failure(f"{text[:60]!r} is no pointer; write ~0 for a tilde and ~1 for a slash in a key")
    tokens = text[1:].split("/")
    if "~" in text:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in tokens]
    return Success(tuple(tokens))


def write_pointer(tokens: tuple[str, ...]) -> str:
    """The text of a pointer; `parse_pointer` gives the tokens back."""
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def find(value: JsonValue, tokens: tuple[str, ...]) -> JsonValue | Missing:
    """What is at the pointer in `value`; `MISSING` if nothing is. A null that is there is found."""
    for token in tokens:
        if isinstance(value, dict | Mapping):  # `dict` first: it is the quick answer to the usual case
            if token not in value:
                return MISSING
            value = value[token]
        elif isinstance(value, list | tuple):
            index = _array_index(token)
            if index is None or index >= len(value):
                return MISSING
            value = value[index]
        else:
            return MISSING
    return value


def _array_index(token: str) -> int | None:
    """The index that a token writes; none for `-` (past the end), signs and leading zeros."""
    if not (token.isascii() and token.isdigit()) or len(token) > _MAX_INDEX_DIGITS:
        return None
    return None if len(token) > 1 and token[0] == "0" else int(token)
