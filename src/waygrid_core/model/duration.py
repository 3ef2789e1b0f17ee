"""Durations as users write them: `250ms`, `1.5s`, `10m`, `2h`, `30d`; positive, at most 3650 days."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from waygrid_core.outcome import Failure, Outcome, Success

DURATION_PATTERN: Final = r"[0-9]+(\.[0-9]+)?(ms|s|m|h|d)"
MAX_DURATION: Final = timedelta(days=3650)

_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_MICROSECONDS: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_MAX_MICROSECONDS: Final = MAX_DURATION // timedelta(microseconds=1)
_MAX_DIGITS: Final = 40  # more digits than any duration needs; keeps the arithmetic bounded


def parse_duration(text: str) -> Outcome[timedelta, str]:
    """The duration that `text` writes, to the microsecond, or a sentence that says what would be right."""
    matched = _DURATION.fullmatch(text)
    if matched is None:
        return Failure(f"{text[:60]!r} is no duration; write a number and a unit (ms, s, m, h, d), such as 5s")
    if len(text) > _MAX_DIGITS:
        return Failure(f"{text[:60]!r} has too many digits for a duration; at most 3650d, to the microsecond")
    microseconds = round(Decimal(matched[1]) * _MICROSECONDS[matched[2]])
    if microseconds <= 0:
        return Failure(f"{text!r} is not positive; write at least 0.001ms")
    if microseconds > _MAX_MICROSECONDS:
        return Failure(f"{text!r} is too long; at most 3650d")
    return Success(timedelta(microseconds=microseconds))


def write_duration(duration: timedelta) -> str:
    """The shortest whole text of a duration: `parse_duration` gives it back."""
    microseconds = duration // timedelta(microseconds=1)
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(microseconds, _MICROSECONDS[unit])
        if rest == 0:
            return f"{count}{unit}"
    whole, fraction = divmod(microseconds, 1_000)
    return f"{whole}.{fraction:03d}".rstrip("0") + "ms"
