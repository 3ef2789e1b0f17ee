"""Stamps: what is said about a message on its way, and is no part of what it says."""

import re
from datetime import datetime
from typing import Final

from attrs import frozen

_TRACEPARENT: Final = re.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@frozen
class Trace:
    """W3C Trace Context: the span that a message was sent in, and what vendors add to it."""

    traceparent: str
    tracestate: str = ""


@frozen(kw_only=True)
class Stamps:
    """What is known about the way of a message.

    `causation` is the id of the message that this one follows from, `hops` how many messages came before it in that
    line. `scheduled_at` is the instant that a timer was set for, `delivery` how often it was handed out, this time
    included.
    """

    trace: Trace | None = None
    causation: str | None = None
    hops: int = 0
    scheduled_at: datetime | None = None
    delivery: int = 1


NO_STAMPS = Stamps()


def parse_trace(traceparent: str, tracestate: str = "") -> Trace | None:
    """The trace that these headers name; None if they name none, for a broken trace is begun anew, never an error."""
    return Trace(traceparent, tracestate) if _TRACEPARENT.fullmatch(traceparent) else None
