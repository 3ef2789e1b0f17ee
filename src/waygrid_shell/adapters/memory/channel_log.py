"""The channel log in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from attrs import define, field

from waygrid_shell.hosting.bells import Bells
from waygrid_shell.ports.channel_log import ChannelMessage, Kept


@define
class _Channel:
    last_number: int = 0
    kept: list[Kept] = field(factory=list)
    """In order of their numbers."""
    by_key: dict[str, Kept] = field(factory=dict)


class MemoryChannelLog:
    """See `waygrid_shell.ports.channel_log.ChannelLog`."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}
        self._bells = Bells()

    async def append(self, messages: Sequence[ChannelMessage]) -> Sequence[Kept]:
        return [self._keep(message) for message in messages]

    def _keep(self, message: ChannelMessage) -> Kept:
        channel = self._channels.setdefault(message.channel, _Channel())
        if message.key not in channel.by_key:
            channel.last_number += 1
            channel.by_key[message.key] = kept = Kept(channel.last_number, message)
            channel.kept.append(kept)
            self._bells.ring(message.channel)
        return channel.by_key[message.key]

    async def read(self, channel: str, *, after: int, limit: int) -> Sequence[Kept]:
        kept = self._channels[channel].kept if channel in self._channels else []
        return [each for each in kept if each.number > after][:limit]

    async def last_number(self, channel: str) -> int:
        return self._channels[channel].last_number if channel in self._channels else 0

    def watch(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        return self._bells.watch(channel)

    async def forget(self, *, before: datetime, keep: int) -> int:
        forgotten = 0
        for channel in self._channels.values():
            newest = channel.last_number - keep
            stay = [each for each in channel.kept if each.number > newest and each.message.at >= before]
            forgotten += len(channel.kept) - len(stay)
            channel.kept = stay
            channel.by_key = {each.message.key: each for each in stay}
        return forgotten
