"""The line on which a process listens to the channel of the live feed, for as long as somebody here watches.

The channel is a sharded one: it lies on one server of a Cluster, as a key does, so no message goes to all servers, and
whoever publishes is told how many listen. Redis-py's own pub/sub is not used: a plain connection is all it takes, and
only that shows at once when the line is broken.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

import anyio
from redis.asyncio.connection import Connection

from waygrid_shell.adapters.redis.client import RedisClient
from waygrid_shell.ports.failure import Unavailable

_PING_SECONDS: Final = 5.0
_SILENCE_SECONDS: Final = 15.0
"""A line on which not even pings are answered is dead."""
_LINGER_SECONDS: Final = 10.0
"""How long the line stays after the last watcher has left: the next one often comes soon."""
_SHORTEST_REST_SECONDS: Final = 0.2
_LONGEST_REST_SECONDS: Final = 5.0
_READY_SECONDS: Final = 2.0
"""How long a watcher waits for the line; after that it hears this process, and the others once the line is there."""

_log = logging.getLogger(__name__)


class FeedLine:
    """Gives every message to `hear`. Its `run` must run."""

    def __init__(self, client: RedisClient, hear: Callable[[bytes], None]) -> None:
        self._client = client
        self._hear = hear
        self._wanted = 0
        self._is_wanted = anyio.Event()
        self._is_unwanted = anyio.Event()
        self._is_ready = anyio.Event()
        self._has_said = False

    @property
    def is_ready(self) -> bool:
        """Whether this process is among those that listen."""
        return self._is_ready.is_set()

    async def want(self) -> None:
        """One more watches; returns once the line is there, or will not be soon."""
        self._wanted += 1
        self._is_wanted.set()
        with anyio.move_on_after(_READY_SECONDS):
            await self._is_ready.wait()

    def want_no_more(self) -> None:
        """One has left."""
        self._wanted -= 1
        if not self._wanted:
            self._is_wanted = anyio.Event()
            self._is_unwanted.set()

    async def run(self) -> None:
        """Have a line while one is wanted, until canceled."""
        rest = _SHORTEST_REST_SECONDS
        while True:
            await self._is_wanted.wait()
            try:
                await self._listen_while_wanted()
                rest = _SHORTEST_REST_SECONDS
            except Unavailable as failure:
                if self._is_ready.is_set():
                    rest = _SHORTEST_REST_SECONDS
                if not self._has_said:
                    self._has_said = True
                    _log.warning("what other processes do is not seen live until Redis answers again: %s", failure)
                await anyio.sleep(rest)
                rest = min(rest * 2, _LONGEST_REST_SECONDS)
            finally:
                self._is_ready = anyio.Event() if self._is_ready.is_set() else self._is_ready

    async def _listen_while_wanted(self) -> None:
        """Return once nobody has wanted the line for a while. Raises `Unavailable`."""
        await self._client.look_around()
        line = self._client.line_to(self._client.keys.feed)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_when_unwanted, tasks.cancel_scope)
                tasks.start_soon(self._ping, line)
                await self._listen(line)
        except BaseExceptionGroup as group:
            failures, others = group.split(Unavailable)
            if others is not None or failures is None:
                raise
            raise _first(failures) from group
        finally:
            with anyio.CancelScope(shield=True):
                await line.disconnect(nowait=True)

    async def _listen(self, line: Connection) -> None:
        with self._client.in_our_words():
            await line.connect()  # type: ignore[no-untyped-call]
            await line.send_command("SSUBSCRIBE", self._client.keys.feed)
        while True:
            with self._client.in_our_words():
                reply: Any = await line.read_response(disable_decoding=True, timeout=_SILENCE_SECONDS)
            match reply:
                case [b"smessage", _, message]:
                    self._hear(message)
                case [b"ssubscribe", *_]:
                    self._is_ready.set()
                    if self._has_said:
                        self._has_said = False
                        _log.info("what other processes do is seen live again")
                case [b"sunsubscribe", *_]:
                    raise Unavailable("Redis server", "the channel of the live feed has moved to another server")
                case _:
                    pass  # a ping is answered

    async def _ping(self, line: Connection) -> None:
        await self._is_ready.wait()
        while True:
            await anyio.sleep(_PING_SECONDS)
            with self._client.in_our_words():
                await line.send_command("PING", check_health=False)

    async def _end_when_unwanted(self, scope: anyio.CancelScope) -> None:
        while True:
            await self._is_unwanted.wait()
            self._is_unwanted = anyio.Event()
            with anyio.move_on_after(_LINGER_SECONDS):
                await self._is_wanted.wait()
            if not self._wanted:
                scope.cancel()
                return


def _first(group: BaseExceptionGroup[Unavailable]) -> Unavailable:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Unavailable), "the group was split by that"
    return error
