"""The limiter of rates in memory."""

from datetime import datetime, timedelta
from typing import Final

from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.rate_limiter import Rate

_SWEPT_FROM: Final = 10_000
"""So many buckets are kept before those that are full again are dropped."""


class MemoryRateLimiter:
    """See `waygrid_shell.ports.rate_limiter.RateLimiter`.

    All that is kept of a bucket is the instant at which it is full again: until then, it
    lacks a token for each interval.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._full_at: dict[str, datetime] = {}
        self._swept_from = _SWEPT_FROM

    async def take(self, bucket: str, rate: Rate, tokens: int = 1) -> timedelta:
        now = self._clock.now()
        interval = timedelta(seconds=1 / rate.per_second)
        full_at = max(self._full_at.get(bucket, now), now) + tokens * interval
        wait = full_at - rate.burst * interval - now
        if wait > timedelta(0):
            return wait
        self._full_at[bucket] = full_at
        if len(self._full_at) > self._swept_from:
            self._full_at = {name: instant for name, instant in self._full_at.items() if instant > now}
            self._swept_from = max(_SWEPT_FROM, 2 * len(self._full_at))
        return timedelta(0)
