"""Looks at Redis, for `waygrid doctor`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from waygrid_core.model.instant import from_microseconds
from waygrid_shell.adapters.redis.client import open_redis
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.finding import Finding
from waygrid_shell.settings.settings import RedisSettings

_LEAST_VERSION: Final = (7, 0)
"""Sharded channels came with it."""
_LARGEST_SKEW: Final = timedelta(seconds=1)
_FULL_SHARE: Final = 0.9


async def probe_redis(settings: RedisSettings) -> Sequence[Finding]:
    """What there is to say about it. Raises nothing that Redis may cause."""
    try:
        async with open_redis(settings) as client:
            asked_at = datetime.now(UTC)
            described = await client.describe()
            now = asked_at + (datetime.now(UTC) - asked_at) / 2
    except PortFailure as failure:
        return [Finding("fail", str(failure))]
    kind = "as a Cluster" if settings.cluster else "alone"
    findings = [Finding("ok", f"Redis answers, {kind}: {', '.join(map(_named, described, described.values()))}")]
    for name, info in sorted(described.items()):
        findings += _wrong_with(name, info, now)
    return findings


def _named(name: str, info: Mapping[str, Any]) -> str:
    return f"{name} ({_version(info)})"


def _version(info: Mapping[str, Any]) -> str:
    valkey = info.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {info.get('redis_version', 'of an unknown version')}"


def _wrong_with(name: str, info: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    numbers = tuple(int(part) for part in re.findall(r"\d+", str(info.get("redis_version", ""))))
    if numbers[:2] < _LEAST_VERSION:
        yield Finding("fail", f"{name} is {_version(info)}", "run Redis 7.0 or newer, or Valkey 7.2 or newer")
    policy = info.get("maxmemory_policy")
    if policy not in (None, "noeviction"):
        yield Finding(
            "warn",
            f"{name} drops keys when its memory is full (maxmemory-policy {policy}): attempts that were made are made "
            "again, and two processes may have one lease",
            "set maxmemory-policy noeviction",
        )
    used, most = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    if most and used > most * _FULL_SHARE:
        yield Finding(
            "warn",
            f"{name} uses {used / most:.0%} of its memory; once it is full, no answer can be recorded",
            "raise its maxmemory, or shorten data.keep_answers",
        )
    if info.get("role", "master") != "master":
        yield Finding("fail", f"{name} is a replica, which cannot be written", "let redis.url name the primary")
    if (at := info.get("server_time_usec")) is not None:
        skew = from_microseconds(int(at)) - now
        if abs(skew) > _LARGEST_SKEW:
            yield Finding(
                "warn",
                f"the clock of {name} differs from ours by {skew.total_seconds():+.1f} s",
                "let all machines keep time (NTP)",
            )
