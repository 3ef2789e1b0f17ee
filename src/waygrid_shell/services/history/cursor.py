"""A place in a story: after which entry a page begins."""

import re
from datetime import datetime
from typing import Final

from attrs import frozen

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds

_CURSOR: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,12})-([0-9A-Z]{26})")


@frozen(order=True)
class Cursor:
    """Entries stand in the order of their cursors: by time, then version, then traversal."""

    at: datetime
    version: int
    traversal: TraversalId

    def __str__(self) -> str:
        return f"{to_microseconds(self.at)}-{self.version}-{self.traversal}"


def parse_cursor(text: str) -> Cursor | None:
    """The cursor that `text` writes; None for what is none."""
    matched = _CURSOR.fullmatch(text)
    if matched is None:
        return None
    try:
        at = from_microseconds(int(matched[1]))
    except OverflowError:
        return None
    return Cursor(at, int(matched[2]), TraversalId(matched[3]))
