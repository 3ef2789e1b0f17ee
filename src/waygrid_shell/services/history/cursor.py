"""A place in a story: after which entry a page begins."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from waygrid_core.model.identifiers import TraversalId

_CURSOR: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,12})-([0-9A-Z]{26})")
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@frozen(order=True)
class Cursor:
    """Entries stand in the order of their cursors: by time, then version, then traversal."""

    at: datetime
    version: int
    traversal: TraversalId

    def __str__(self) -> str:
        return f"{(self.at - _START) // _MICROSECOND}-{self.version}-{self.traversal}"


def parse_cursor(text: str) -> Cursor | None:
    """The cursor that `text` writes; None for what is none."""
    matched = _CURSOR.fullmatch(text)
    if matched is None:
        return None
    try:
        at = _START + int(matched[1]) * _MICROSECOND
    except OverflowError:
        return None
    return Cursor(at, int(matched[2]), TraversalId(matched[3]))
