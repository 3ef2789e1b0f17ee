"""Texts as PostgreSQL can hold them: it has no NUL and no half of a surrogate pair, and users and other programs do.

Both are written as escapes, with a backslash, and so is a backslash; whatever else stands as it is, for people who
look. An index has no room for a text of any length: `indexed_text` gives one that it has room for.
"""

import re
from typing import Final

from waygrid_core.model.digest import digest_hex

_ESCAPED: Final = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPE: Final = re.compile(r"\\(\\|[0-9a-f]{4})")

_INDEXED_BYTES: Final = 2_000
"""A key of a B-tree has room for about 2 700."""


def stored_text(text: str) -> str:
    """The text as it is stored."""
    if text.isascii() and "\\" not in text and "\0" not in text:
        return text
    return _ESCAPED.sub(lambda found: "\\\\" if found[0] == "\\" else f"\\{ord(found[0]):04x}", text)


def given_text(stored: str) -> str:
    """The text that `stored_text` made this of."""
    if "\\" not in stored:
        return stored
    return _ESCAPE.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1], 16)), stored)


def indexed_text(text: str) -> str:
    """The text itself, or if it is long its beginning and its digest: two texts never have the same."""
    if len(text) * 5 <= _INDEXED_BYTES or len(stored_text(text).encode()) <= _INDEXED_BYTES:
        return text
    return f"{text[:100]}…{digest_hex(text.encode('utf-8', 'surrogatepass'))}"
