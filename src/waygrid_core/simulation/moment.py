"""Spans of a scenario's time: durations as Specs write them, but also none at all (`0s`), and of any length."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from waygrid_core.model.duration import write_duration
from waygrid_core.outcome import Failure, Outcome, Success

_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_MICROSECONDS: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_MAX_DIGITS: Final = 30  # far beyond the calendar; keeps the arithmetic bounded


def parse_span(text: str) -> Outcome[timedelta, str]:
    """The span that `text` writes, to the microsecond, or a sentence that says what would be right."""
    matched = _SPAN.fullmatch(text)
    if matched is None or len(text) > _MAX_DIGITS:
        return Failure(f"{text[:40]!r} is no span of time; write a number and ms, s, m, h or d, such as 5s or 0s")
    try:
        return Success(timedelta(microseconds=round(Decimal(matched[1]) * _MICROSECONDS[matched[2]])))
    except OverflowError:
        return Failure(f"{text[:40]!r} is too long")


def write_span(span: timedelta) -> str:
    """The shortest whole text of a span."""
    return write_duration(span) if span else "0s"
