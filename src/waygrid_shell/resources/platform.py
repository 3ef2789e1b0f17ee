"""What is shown of the platform."""

from collections.abc import Mapping
from datetime import datetime

from attrs import Factory, frozen

from waygrid_core.model.json_value import JsonValue


@frozen(kw_only=True)
class DeadLetterView:
    """A message that nobody could handle. `value` is it as JSON, or as text where it is no JSON."""

    id: int
    topic: str
    reason: str
    message: str
    traversal: str | None = None
    sent_at: datetime | None = None
    value: JsonValue = None
    headers: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class DeadLetterPage:
    """The oldest first."""

    items: tuple[DeadLetterView, ...]
    next: str | None = None


@frozen(kw_only=True)
class Moved:
    """How many dead letters were redriven or discarded."""

    count: int


@frozen(kw_only=True)
class Health:
    """Whether it can serve; `reasons` says why not."""

    ready: bool
    reasons: tuple[str, ...] = ()
    version: str = ""
