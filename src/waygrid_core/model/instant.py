"""Instants as users write them: RFC 3339 with an offset."""

import re
from datetime import UTC, datetime
from typing import Final

from waygrid_core.outcome import Failure, Outcome, Success

INSTANT_PATTERN: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_INSTANT: Final = re.compile(r"([0-9-]{10})[Tt]([0-9:]{8})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def parse_instant(text: str) -> Outcome[datetime, str]:
    """The instant that `text` writes, in UTC, to the microsecond, or a sentence that says what would be right."""
    matched = _INSTANT.fullmatch(text)
    problem = Failure(f"{text[:60]!r} is no instant; write RFC 3339 with an offset, such as 2026-01-31T08:00:00Z")
    if matched is None or re.fullmatch(INSTANT_PATTERN, text) is None:
        return problem
    day, clock, fraction, offset = matched.groups()
    offset = "+00:00" if offset in "Zz" else offset
    try:
        instant = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{offset}")
        return Success(instant.astimezone(UTC))
    except (ValueError, OverflowError):
        return problem


def write_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions only where there are any."""
    text = instant.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"
