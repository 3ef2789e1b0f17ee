"""The time that an id tells, and the few traversals that began at another.

An id begins with its time, so that what is kept by id lies in the order of time, and a search by time is one by ids.
"""

from datetime import datetime, timedelta
from typing import Final

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.instant import to_microseconds
from waygrid_core.model.ulid import MAX_MILLISECONDS, is_ulid, ulid_from, ulid_milliseconds

ASTRAY: Final = timedelta(minutes=1)
"""How far from the time of its id a traversal may begin, to be found by it."""

MILLISECOND: Final = timedelta(milliseconds=1)


def is_astray(traversal: TraversalId, begun_at: datetime) -> bool:
    """Whether a search by time would not find it by its id."""
    if not is_ulid(traversal):
        return True
    return abs(to_microseconds(begun_at) // 1_000 - ulid_milliseconds(traversal)) > ASTRAY // MILLISECOND


def first_id(instant: datetime, later: timedelta) -> str:
    """The least id of that time and so much `later`, even where a `datetime` does not go."""
    milliseconds = to_microseconds(instant) // 1_000 + later // MILLISECOND
    return ulid_from(min(max(milliseconds, 0), MAX_MILLISECONDS), bytes(10))
