"""The log of channels: what was delivered to whoever listens, now or later."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from attrs import frozen

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue


@frozen(kw_only=True)
class ChannelMessage:
    """A delivery to a channel. `key` is its idempotency key: one key is one message of a channel."""

    channel: str
    key: str
    traversal: TraversalId
    data: JsonValue
    at: datetime


@frozen
class Kept:
    """A message and its number in its channel, which are counted from 1 and never used again."""

    number: int
    message: ChannelMessage


class ChannelLog(Protocol):
    """Keeps the deliveries of channels for a time.

    - What `append` returned from is kept through a crash; appended again under its key, it is the same message.
    - A reader that asks with the last number that it has seen misses nothing that is still kept.
    """

    async def append(self, messages: Sequence[ChannelMessage]) -> Sequence[Kept]:
        """Append them, in order, and wake who watches; each with its number, be it new or not."""
        ...

    async def read(self, channel: str, *, after: int, limit: int) -> Sequence[Kept]:
        """The messages of the channel with numbers above `after`, in order."""
        ...

    async def last_number(self, channel: str) -> int:
        """The highest number of the channel that was ever given; 0 for one that nothing was delivered to."""
        ...

    def watch(self, channel: str) -> AbstractAsyncContextManager[AsyncIterator[None]]:
        """Yields whenever the channel may have something new: who reads after each misses nothing."""
        ...

    async def forget(self, *, before: datetime, keep: int) -> int:
        """Forget messages older than `before`, and of each channel all but the newest `keep`; how many they were."""
        ...
