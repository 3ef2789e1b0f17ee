"""The story of a traversal."""

from datetime import datetime

from attrs import frozen

from waygrid_core.model.json_value import JsonValue


@frozen(kw_only=True)
class HistoryEntry:
    """One decision: what one message made of one traversal.

    `version` is that of the state after it, `cause` the id of the message. `events` and `effects` are the wire forms
    of the core; `lines` tells them to people, one sentence each.
    """

    traversal: str
    version: int
    at: datetime
    cause: str
    lines: tuple[str, ...]
    events: tuple[JsonValue, ...]
    effects: tuple[JsonValue, ...]


@frozen(kw_only=True)
class History:
    """A traversal and its children, in order of time. `next` is the path of the next page."""

    traversal: str
    entries: tuple[HistoryEntry, ...]
    next: str | None = None


@frozen(kw_only=True)
class Imported:
    """A journal that was taken in: the traversal that it is about, and all that came with it."""

    traversal: str
    traversals: tuple[str, ...]
