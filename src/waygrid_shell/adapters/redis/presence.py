"""Presence in Redis."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.script import Call, Script
from waygrid_shell.ports.presence import ProcessInfo

# Whoever is not shown any longer goes with the next announcement of another.
_ANNOUNCE: Final = Script(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
        redis.call('HDEL', KEYS[1], gone)
        redis.call('ZREM', KEYS[2], gone)
    end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
    redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
    """
)
_WITHDRAW: Final = Script(
    """
    redis.call('HDEL', KEYS[1], ARGV[1])
    redis.call('ZREM', KEYS[2], ARGV[1])
    """
)
_PRESENT: Final = Script(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local shown = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. string.format('%.0f', now), '+inf')
    if #shown == 0 then
        return {}
    end
    return redis.call('HMGET', KEYS[1], unpack(shown))
    """
)


class RedisPresence:
    """See `waygrid_shell.ports.presence.Presence`. Time is that of Redis."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    async def announce(self, process: ProcessInfo, lasts: timedelta) -> None:
        milliseconds = max(1, round(lasts / timedelta(milliseconds=1)))
        arguments = (process.id, _written(process), milliseconds)
        await self._client.call(Call(_ANNOUNCE, self._client.keys.presence, arguments))

    async def withdraw(self, process_id: str) -> None:
        await self._client.call(Call(_WITHDRAW, self._client.keys.presence, (process_id,)))

    async def present(self) -> Sequence[ProcessInfo]:
        found = await self._client.call(Call(_PRESENT, self._client.keys.presence))
        return sorted((_read(each) for each in found if each is not None), key=lambda process: process.id)


def _written(process: ProcessInfo) -> bytes:
    return write_json(
        {
            "id": process.id,
            "host": process.host,
            "pid": process.pid,
            "version": process.version,
            "startedAt": process.started_at.isoformat(),
            "services": list(process.services),
            "addresses": list(process.addresses),
            "ailments": dict(process.ailments),
        }
    )


def _read(document: bytes) -> ProcessInfo:
    """What an older or newer version wrote has at least these."""
    found: Any = read_json(document)
    return ProcessInfo(
        id=found["id"],
        host=found["host"],
        pid=found["pid"],
        version=found["version"],
        started_at=datetime.fromisoformat(found["startedAt"]),
        services=tuple(found["services"]),
        addresses=tuple(found["addresses"]),
        ailments=dict(found["ailments"]),
    )
