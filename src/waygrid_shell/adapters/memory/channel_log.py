"""The channel log in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from attrs import define, field

from waygrid_shell.ports.channel_log import ChannelMessage, Kept


@define
class _Channel:
    last_number: int = 0
    kept: list[Kept] = field(factory=list)
    """In order of their numbers."""
    by_key: dict[str, Kept] = field(factory=dict)
    bells: set[asyncio.Event] = field(factory=set)
    """One a watcher."""


class MemoryChannelLog:
    """See `waygrid_shell.ports.channel_log.ChannelLog`."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}

    async def append(self, messages: Sequence[ChannelMessage]) -> Sequence[Kept]:
        return [self._keep(message) for message in messages]

    def _keep(self, message: ChannelMessage) -> Kept:
        channel = self._channels.setdefault(message.channel, _Channel())
        if message.key not in channel.by_key:
            channel.last_number += 1
            channel.by_key[message.key] = kept = Kept(channel.last_number, message)
            channel.kept.append(kept)
            for bell in channel.bells:
                bell.set()
        return channel.by_key[message.key]

    async def read(self, channel: str, *, after: int, limit: int) -> Sequence[Kept]:
        kept = self._channels[channel].kept if channel in self._channels else []
        return [each for each in kept if each.number > after][:limit]

    async def last_number(self, channel: str) -> int:
        return self._channels[channel].last_number if channel in self._channels else 0

    @asynccontextmanager
    async def watch(self, channel: str) -> AsyncIterator[AsyncIterator[None]]:
        bell = asyncio.Event()
        bell.set()  # there may be something already
        bells = self._channels.setdefault(channel, _Channel()).bells
        bells.add(bell)
        try:
            yield _rings(bell)
        finally:
            bells.discard(bell)

    async def forget(self, *, before: datetime, keep: int) -> int:
        forgotten = 0
        for channel in self._channels.values():
            newest = channel.last_number - keep
            stay = [each for each in channel.kept if each.number > newest and each.message.at >= before]
            forgotten += len(channel.kept) - len(stay)
            channel.kept = stay
            channel.by_key = {each.message.key: each for each in stay}
        return forgotten


async def _rings(bell: asyncio.Event) -> AsyncIterator[None]:
    while True:
        await bell.wait()
        bell.clear()
        yield
