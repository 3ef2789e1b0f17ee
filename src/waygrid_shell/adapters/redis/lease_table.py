"""The table of leases in Redis."""

from datetime import timedelta
from typing import Final

from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.script import Call, Script
from waygrid_shell.ports.lease_table import Lease

# A number is the time in microseconds, or one more than the last where the clock was put back: so numbers rise also
# where Redis has lost them, as long as its clock is not then behind what it was.
_ACQUIRE: Final = Script(
    """
    local holder, number = unpack(redis.call('HMGET', KEYS[1], 'holder', 'number'))
    if holder and holder ~= ARGV[1] then
        return false
    end
    if not holder then
        local time = redis.call('TIME')
        local last = tonumber(redis.call('GET', KEYS[2]) or '0')
        number = string.format('%.0f', math.max(time[1] * 1000000 + time[2], last + 1))
        redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'number', number)
        redis.call('SET', KEYS[2], number, 'PX', ARGV[3])
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return number
    """
)
_RENEW: Final = Script(
    """
    local kept = redis.call('HMGET', KEYS[1], 'holder', 'number')
    if kept[1] ~= ARGV[1] or kept[2] ~= ARGV[2] then
        return 0
    end
    return redis.call('PEXPIRE', KEYS[1], ARGV[3])
    """
)
_RELEASE: Final = Script(
    """
    local kept = redis.call('HMGET', KEYS[1], 'holder', 'number')
    if kept[1] == ARGV[1] and kept[2] == ARGV[2] then
        redis.call('DEL', KEYS[1])
    end
    """
)
_NUMBERS_LAST: Final = timedelta(days=30)
"""Clocks that are put back further are not reckoned with."""


class RedisLeaseTable:
    """See `waygrid_shell.ports.lease_table.LeaseTable`. Time is that of Redis.

    Whoever empties Redis gives every lease free; the numbers rise all the same.
    """

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def acquire(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        arguments = (holder, _milliseconds(lasts), _milliseconds(_NUMBERS_LAST))
        number = await self._client.call(Call(_ACQUIRE, self._client.keys.lease(name), arguments))
        return None if number is None else Lease(name, holder, int(number))

    async def renew(self, lease: Lease, lasts: timedelta) -> bool:
        keys = self._client.keys.lease(lease.name)[:1]
        renewed = await self._client.call(Call(_RENEW, keys, (lease.holder, lease.number, _milliseconds(lasts))))
        return bool(renewed)

    async def release(self, lease: Lease) -> None:
        keys = self._client.keys.lease(lease.name)[:1]
        await self._client.call(Call(_RELEASE, keys, (lease.holder, lease.number)))


def _milliseconds(duration: timedelta) -> int:
    return max(1, round(duration / timedelta(milliseconds=1)))
