"""The live feed over all processes.

Who watches in the process that tells is told at once, whatever Redis does. For those elsewhere one task publishes what
has been told meanwhile, in as few messages as may be; it asks first whether there are any, so that where nobody watches
nothing is written or sent but that question, some times a second.
"""

import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio

from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.adapters.redis.feed_line import FeedLine
from waygrid_shell.adapters.redis.feed_wire import TELLER_BYTES, read_told, teller_of, write_told
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.live_feed import LiveFeed, Told

_MAX_QUEUED: Final = 20_000
"""Things told that wait to be published; more are dropped."""
_MAX_OF_A_MESSAGE: Final = 500
_ASK_AGAIN_SECONDS: Final = 0.02
"""How long what is told waits, at most, where nobody was listening: so often is asked whether somebody is by now."""
_REST_SECONDS: Final = 1.0
"""After Redis has not answered."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_live_feed(client: RedisClient, near: LiveFeed) -> AsyncIterator["RedisLiveFeed"]:
    """The feed; `near` is that of this process alone. What the body raises comes out as it is, and in no group."""
    feed = RedisLiveFeed(client, near)
    raised: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed.run)
        try:
            yield feed
        except Exception as error:  # whatever it is, it is passed on below
            raised = error
        tasks.cancel_scope.cancel()
    if raised is not None:
        raise raised


class RedisLiveFeed:
    """See `waygrid_shell.ports.live_feed.LiveFeed`. Its `run` must run."""

    def __init__(self, client: RedisClient, near: LiveFeed) -> None:
        self._client = client
        self._near = near
        self._teller = secrets.token_hex(TELLER_BYTES // 2).encode()
        self._line = FeedLine(client, self._hear)
        self._queue: deque[Sequence[Told]] = deque()
        self._queued = 0
        self._has_some = anyio.Event()
        self._is_heard = False
        self._has_said = False

    def tell(self, told: Sequence[Told]) -> None:
        self._near.tell(told)
        if told and self._queued < _MAX_QUEUED:
            self._queue.append(told)
            self._queued += len(told)
            self._has_some.set()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[Sequence[Told]]]:
        async with self._near.watch() as told:
            try:
                await self._line.want()
                yield told
            finally:
                self._line.want_no_more()

    async def run(self) -> None:
        """Publish and listen until canceled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._line.run)
            while True:
                await self._has_some.wait()
                await anyio.sleep(await self._pass_on())

    async def _pass_on(self) -> float:
        """Publish what there is, if anybody listens; how many seconds to rest then."""
        told = self._taken()  # before it is asked: who listens by then hears it
        try:
            if not self._is_heard:
                await self._publish([b""])
            if self._is_heard:
                await self._publish([write_told(self._teller, part) for part in _parts(told)])
        except PortFailure as failure:
            self._is_heard = False
            if not self._has_said:
                self._has_said = True
                _log.warning("other processes do not see live what this one does until Redis answers: %s", failure)
            return _REST_SECONDS
        if self._has_said:
            self._has_said = False
            _log.info("other processes see live again what this one does")
        return 0 if self._is_heard else _ASK_AGAIN_SECONDS

    async def _publish(self, messages: Sequence[bytes]) -> None:
        channel = self._client.keys.feed
        listening = await self._client.ask_all([("SPUBLISH", channel, message) for message in messages])
        self._is_heard = listening[-1] > (1 if self._line.is_ready else 0)

    def _taken(self) -> list[Told]:
        told = [each for batch in self._queue for each in batch]
        self._queue.clear()
        self._queued = 0
        self._has_some = anyio.Event()
        return told

    def _hear(self, message: bytes) -> None:
        if message and teller_of(message) != self._teller:
            self._near.tell(read_told(message))


def _parts(told: list[Told]) -> Iterator[list[Told]]:
    for start in range(0, len(told), _MAX_OF_A_MESSAGE):
        yield told[start : start + _MAX_OF_A_MESSAGE]
