"""What is tried again, when, and for how long."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses that say: not now. Whoever sends them has not done what was asked, or it is safe to ask again."""

_FIRST_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 5.0


class Patience:
    """How long one call is willing to try. Delays double from 0.1 s to 5 s, each between a half and the whole of it,
    so that many clients do not come back together.
    """

    def __init__(self, timeout: timedelta) -> None:
        self._began = asyncio.get_running_loop().time()
        self._until = self._began + timeout.total_seconds()
        self._tries = 0

    def shorten(self, timeout: timedelta) -> None:
        """From its beginning, no longer than this."""
        self._until = min(self._until, self._began + timeout.total_seconds())

    @property
    def remaining_seconds(self) -> float:
        """What is left; not below 0."""
        return max(self._until - asyncio.get_running_loop().time(), 0.0)

    def delay(self, retry_after_seconds: float = 0.0) -> float | None:
        """Seconds to wait before the next try, at least as long as the server asks for; None: no time for that."""
        self._tries += 1
        longest = min(_FIRST_SECONDS * 2.0 ** min(self._tries - 1, 10), _LONGEST_SECONDS)
        delay = max(random.uniform(longest / 2, longest), retry_after_seconds)
        return delay if delay < self.remaining_seconds else None


def retry_after(header: str | None, now: datetime | None = None) -> float:
    """The seconds that a `Retry-After` asks for: a number of them, or a date. 0 for none, or one that is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - (now or datetime.now(UTC))).total_seconds(), 0.0)
