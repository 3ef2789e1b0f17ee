"""The limiter of rates in Redis."""

from datetime import timedelta
from typing import Final

from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.script import Call, Script
from waygrid_shell.ports.rate_limiter import Rate

# All that is kept of a bucket is the instant at which it is full again: it lacks a token for each `interval` until
# then. Times are microseconds.
_TAKE: Final = Script(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
    local interval, burst, tokens = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local then_full_at = full_at + tokens * interval
    local wait = then_full_at - burst * interval - now
    if wait > 0 then
        return math.ceil(wait)
    end
    redis.call('SET', KEYS[1], string.format('%.0f', then_full_at), 'PX', math.ceil((then_full_at - now) / 1000) + 1)
    return 0
    """
)


class RedisRateLimiter:
    """See `waygrid_shell.ports.rate_limiter.RateLimiter`. Time is that of Redis."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def take(self, bucket: str, rate: Rate, tokens: int = 1) -> timedelta:
        arguments = (1_000_000 / rate.per_second, rate.burst, tokens)
        wait = await self._client.call(Call(_TAKE, (self._client.keys.rate(bucket),), arguments))
        return timedelta(microseconds=int(wait))
