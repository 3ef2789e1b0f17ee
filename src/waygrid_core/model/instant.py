"""Instants as users write them, RFC 3339 with an offset, and as files hold them, microseconds since 1970 in UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from waygrid_core.outcome import Failure, Outcome, Success

INSTANT_PATTERN: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_INSTANT: Final = re.compile(INSTANT_PATTERN)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def parse_instant(text: str) -> Outcome[datetime, str]:
    """The instant that `text` writes, in UTC, to the microsecond, or a sentence that says what would be right."""
    matched = _INSTANT.fullmatch(text)
    if matched is not None:
        fraction, offset = matched[1] or ".0", "+00:00" if matched[2] in "Zz" else matched[2]
        try:
            # Digits beyond the microsecond are cut off: they would be refused.
            instant = datetime.fromisoformat(f"{text[:10]}T{text[11:19]}{fraction[:7]:0<7}{offset}")
            return Success(instant.astimezone(UTC))
        except (ValueError, OverflowError):
            pass  # a day that the month does not have, or an instant before the year 1 or after 9999
    return Failure(f"{text[:60]!r} is no instant; write RFC 3339 with an offset, such as 2026-01-31T08:00:00Z")


def write_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions only where there are any."""
    text = instant.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def to_microseconds(instant: datetime) -> int:
    """The number for an instant with an offset."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The instant for a number. Raises `OverflowError` beyond the instants that a `datetime` has."""
    return _EPOCH + number * _MICROSECOND
