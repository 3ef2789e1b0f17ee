"""The timers of this process's partitions, as Redis has them: one shard a partition."""

import logging
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, Final

import anyio
from attrs import define, field

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.script import Argument, Call
from waygrid_shell.adapters.redis.timer_scripts import CLAIM, DISTURB, DUE, SERVER, WRITE
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.timer_book import Timer

_ANSWER_SECONDS: Final = 2.0
"""So long is Redis waited for, and so much may a timer be late where it hangs."""
_SHORTEST_REST_SECONDS: Final = 0.5
_LONGEST_REST_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 1.0
"""How often it is asked whether the server is still the same."""
AT_ONCE: Final = 500
"""Timers of one script: others wait for about a millisecond."""
_ORDER_LENGTH: Final = 13
"""The rank, and the number, with which a member begins."""
_FILLED, _WRITTEN = "0", "1"
"""Ranks: what was read from the book was set before what is written now."""

_log = logging.getLogger(__name__)


class NotThere(Exception):  # noqa: N818 - it says what is so
    """The shards cannot be asked, or not all of them: Redis does not answer, or they have to be filled anew."""


@define(eq=False)
class _Shard:
    """A partition that this process has claimed. Timers that are due before `until` are all in it."""

    partition: int
    claim: str
    until: datetime
    filled_at: float
    """By the clock of the event loop."""
    server: bytes
    timers: dict[TimerId, datetime] = field(factory=dict)
    """All that are in it, and when they are due: nobody else writes to it."""


@define(eq=False)
class TimerShards:
    """Claims, fills, writes and asks shards. All of it raises `NotThere`; then the shards concerned are gone."""

    _client: RedisClient
    _last: timedelta
    """How long a shard is kept that nobody fills again."""
    _shards: dict[int, _Shard] = field(factory=dict, init=False)
    _looked_at: float = field(default=0.0, init=False)
    _rests_until: float = field(default=0.0, init=False)
    _rest: float = field(default=0.0, init=False)

    @property
    def is_resting(self) -> bool:
        """Whether Redis is left alone for a while, after it has not answered."""
        return anyio.current_time() < self._rests_until

    def forget(self, partitions: Collection[int] | None = None) -> None:
        """Have these, or all, no more."""
        for partition in list(self._shards if partitions is None else partitions):
            self._shards.pop(partition, None)

    def lacking(self, partitions: Set[int], lasts: timedelta) -> list[int]:
        """Those of these that were not filled within that time. Partitions that are not among these are let go."""
        self.forget(self._shards.keys() - partitions)
        oldest = anyio.current_time() - lasts.total_seconds()
        filled = {partition for partition, shard in self._shards.items() if shard.filled_at >= oldest}
        return sorted(partitions - filled)

    def are_filled_until(self, instant: datetime) -> bool:
        """Whether all timers that are due by then are in the shards."""
        return all(instant < shard.until for shard in self._shards.values())

    def reach(self, partitions: Sequence[int], until: datetime) -> None:
        """These have been filled until then."""
        for partition in partitions:
            if partition not in self._shards:
                raise NotThere
            self._shards[partition].until = until

    async def claim(self, partitions: Sequence[int], until: datetime) -> None:
        """Begin these anew, empty."""
        claim = secrets.token_hex(8)
        lasts = round(self._last / timedelta(milliseconds=1))
        groups = list(self._grouped(partitions))
        self.forget(partitions)
        servers = await self._asked([Call(CLAIM, self._keys(group), (claim, lasts)) for group in groups])
        now = anyio.current_time()
        for group, server in zip(groups, servers, strict=True):
            for partition in group:
                self._shards[partition] = _Shard(partition, claim, until, now, server)

    async def fill(self, timers: Sequence[Timer]) -> None:
        """Put these, `AT_ONCE` at most, in, in their order, as set before all that was written since the claim."""
        own: dict[int, list[Timer]] = {}
        for timer in timers:
            own.setdefault(timer.partition, []).append(timer)
        if not own.keys() <= self._shards.keys():
            raise NotThere
        if own:
            await self._write({partition: (each, []) for partition, each in own.items()}, _FILLED)

    async def write(self, to_set: Sequence[Timer], to_unset: Sequence[TimerId]) -> None:
        """Set and unset what concerns the shards; others are told that something happened that they do not know."""
        for start in range(0, max(len(to_set), len(to_unset)), AT_ONCE):
            setting, unsetting = to_set[start : start + AT_ONCE], to_unset[start : start + AT_ONCE]
            foreign = {timer.partition for timer in setting} - self._shards.keys()
            if foreign:
                await self._asked([Call(DISTURB, self._keys(group)) for group in self._grouped(sorted(foreign))])
            parts = {
                partition: part
                for partition, shard in self._shards.items()
                if any(part := _part(shard, setting, unsetting))
            }
            if parts:
                await self._write(parts, _WRITTEN)

    async def unset(self, timers: Sequence[Timer]) -> None:
        """Unset those of these that are in the shards for that instant."""
        for start in range(0, len(timers), AT_ONCE):
            some = timers[start : start + AT_ONCE]
            gone = {
                partition: [timer.id for timer in some if shard.timers.get(timer.id) == timer.due]
                for partition, shard in self._shards.items()
            }
            parts: dict[int, tuple[list[Timer], list[TimerId]]] = {each: ([], ids) for each, ids in gone.items() if ids}
            if parts:
                await self._write(parts, _WRITTEN)

    async def due(self, partitions: Set[int], now: datetime, limit: int) -> list[Timer]:
        """The first of these partitions, at most `limit`, whose instant is not after `now`."""
        found = await self._first(partitions, to_microseconds(now), limit)
        return [timer for _, _, timer in found[:limit]]

    async def next_due(self, partitions: Set[int]) -> datetime | None:
        """The instant of the first that is in the shards of these."""
        found = await self._first(partitions, "+inf", 1)
        return found[0][2].due if found else None

    async def _write(self, parts: Mapping[int, tuple[list[Timer], list[TimerId]]], rank: str) -> None:
        groups = list(self._grouped(list(parts)))
        calls = []
        for group in groups:
            arguments: list[Argument] = [rank]
            for partition in group:
                to_set, to_unset = parts[partition]
                shard = self._shards[partition]
                arguments += (shard.claim, len(to_set), len(to_unset))
                for timer in to_set:
                    arguments += (timer.id, timer.traversal, to_microseconds(timer.due))
                arguments += to_unset
                for gone in to_unset:
                    shard.timers.pop(gone, None)
                shard.timers.update((timer.id, timer.due) for timer in to_set)
            calls.append(Call(WRITE, self._keys(group), arguments))
        for group, done in zip(groups, await self._asked(calls), strict=True):
            self._lose(partition for partition, is_done in zip(group, done, strict=True) if not is_done)

    async def _first(self, partitions: Set[int], until: int | str, limit: int) -> list[tuple[int, bytes, Timer]]:
        """So many of each, with instant and order, sorted by these."""
        if not partitions <= self._shards.keys():
            raise NotThere
        groups = list(self._grouped(sorted(partitions)))
        calls = [
            Call(DUE, self._keys(group), (until, limit, *(self._shards[partition].claim for partition in group)))
            for group in groups
        ]
        looks = anyio.current_time() >= self._looked_at + _LOOK_SECONDS
        if looks:
            calls += [Call(SERVER, self._keys(group)) for group in groups]
        answers = await self._asked(calls)
        if looks:
            self._looked_at = anyio.current_time()
            for group, server in zip(groups, answers[len(groups) :], strict=True):
                self._lose(partition for partition in group if self._server_of(partition) != server)
        found = []
        for group, answer in zip(groups, answers, strict=False):
            self._lose(partition for partition, members in zip(group, answer, strict=True) if members is None)
            for partition, members in zip(group, answer, strict=True):
                found += [_found(partition, *each) for each in zip(members[::2], members[1::2], strict=True)]
        return sorted(found, key=lambda each: each[:2])

    def _server_of(self, partition: int) -> bytes | None:
        shard = self._shards.get(partition)
        return None if shard is None else shard.server

    def _grouped(self, partitions: Sequence[int]) -> Iterator[Sequence[int]]:
        """In groups of one script."""
        if self._client.is_cluster:
            yield from ([partition] for partition in partitions)
        elif partitions:
            yield partitions

    def _keys(self, partitions: Iterable[int]) -> list[str]:
        return [key for partition in partitions for key in self._client.keys.timers(partition)]

    def _lose(self, partitions: Iterable[int]) -> None:
        lost = list(partitions)
        if lost:
            self.forget(lost)
            raise NotThere

    async def _asked(self, calls: Sequence[Call]) -> list[Any]:
        """What Redis answers. Where it does not, it is left alone for a while, and what it has is not relied on."""
        try:
            with anyio.fail_after(_ANSWER_SECONDS):
                answers = await self._client.call_all(calls)
        except BaseException as error:
            self.forget()
            if not isinstance(error, PortFailure | TimeoutError):
                raise
            if not self._rest:
                _log.warning("timers are looked up in the database until Redis answers: %s", str(error) or "it hangs")
            self._rest = min(max(self._rest * 2, _SHORTEST_REST_SECONDS), _LONGEST_REST_SECONDS)
            self._rests_until = anyio.current_time() + self._rest
            raise NotThere from error
        if self._rest:
            self._rest = 0.0
            _log.info("timers are looked up in Redis again")
        return answers


def _part(shard: _Shard, to_set: Sequence[Timer], to_unset: Sequence[TimerId]) -> tuple[list[Timer], list[TimerId]]:
    """What is set and unset in a shard. A timer that is set again may have been in another, or due sooner."""
    own = [timer for timer in to_set if timer.partition == shard.partition and timer.due < shard.until]
    kept = {timer.id for timer in own}
    gone = [timer.id for timer in to_set if timer.id in shard.timers and timer.id not in kept]
    return own, [*gone, *(timer for timer in to_unset if timer in shard.timers)]


def _found(partition: int, member: bytes, instant: bytes) -> tuple[int, bytes, Timer]:
    timer, _, traversal = member[_ORDER_LENGTH:].decode().rpartition(" ")
    due = int(float(instant))
    found = Timer(TimerId(timer), TraversalId(traversal), from_microseconds(due), partition)
    return due, member[:_ORDER_LENGTH], found
