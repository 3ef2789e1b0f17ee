"""The seen ledger in Redis: a key for each answer, which Redis forgets by itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, TypeVar

from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.script import Call, Script
from waygrid_shell.ports.seen_ledger import Answer

_RECORD: Final = Script(
    """
    for index, key in ipairs(KEYS) do
        redis.call('SET', key, ARGV[index + 1], 'NX', 'PX', ARGV[1])
    end
    """
)
_AT_ONCE: Final = 500
"""Keys of one command: others wait for less than a millisecond."""

T = TypeVar("T")


class RedisSeenLedger:
    """See `waygrid_shell.ports.seen_ledger.SeenLedger`. Answers are kept for `keep`, or until Redis loses them.

    Answers in one slot are one command: many of them cost a quarter of what a pipeline of single ones does.
    """

    def __init__(self, client: RedisClient, keep: timedelta) -> None:
        self._client = client
        self._keep_milliseconds = max(1, round(keep / timedelta(milliseconds=1)))

    async def record(self, answers: Sequence[Answer]) -> None:
        keys = self._client.keys
        calls = [
            Call(
                _RECORD,
                [keys.answer(answer.id) for answer in group],
                [self._keep_milliseconds, *(answer.value for answer in group)],
            )
            for group in self._grouped((answer.id, answer) for answer in answers)
        ]
        if calls:
            await self._client.call_all(calls)

    async def recall(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        if not ids:
            return {}
        keys = self._client.keys
        groups = list(self._grouped((each, each) for each in ids))
        found = await self._client.ask_all([("MGET", *map(keys.answer, group)) for group in groups])
        return {
            each: value
            for group, values in zip(groups, found, strict=True)
            for each, value in zip(group, values, strict=True)
            if value is not None
        }

    async def forget(self, before: datetime) -> int:
        """Each goes by itself when its time has come."""
        return 0

    def _grouped(self, by_id: Iterable[tuple[str, T]]) -> Iterator[list[T]]:
        """In groups of one command. One Redis takes any keys together, a Cluster those of one tag."""
        groups: dict[int, list[T]] = defaultdict(list)
        for message_id, each in by_id:
            groups[self._client.keys.answer_tag(message_id) if self._client.is_cluster else 0].append(each)
        for group in groups.values():
            rest = iter(group)
            while part := list(islice(rest, _AT_ONCE)):
                yield part
