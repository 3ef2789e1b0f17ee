"""Channels that deliveries go to, over WebSockets.

Who listens at `/v1/channels/{name}` gets each message of the channel as a text frame, `{number, traversal, at, data}`,
in the order of their numbers. With `?after=N` what is kept above number N comes first; without it only what is new. So
a listener that was cut off comes again with the last number that it has seen, and misses nothing that is still kept; a
gap in the numbers is what was not.

The channel log is read only as fast as a listener takes: a slow one costs no memory. One that takes nothing for a while
is dropped, and may come again.
"""

from typing import Final

import anyio
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.api.access import require
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import number_within
from waygrid_shell.destinations.websocket import CHANNEL_NAME
from waygrid_shell.ports.channel_log import ChannelLog, Kept
from waygrid_shell.ports.failure import PortFailure

PATH: Final = "/v1/channels/{name}"

TRY_AGAIN_LATER: Final = 1013
"""Close code: the channel cannot be read now."""

TOO_SLOW: Final = 4008
"""Close code: the listener took nothing for too long. It may come again with the last number that it has seen."""

SLOWEST_SECONDS: Final = 15.0
"""How long a listener may take for one frame once the buffers between us are full."""

_PAGE: Final = 32
"""Messages that are read at once; each may have a megabyte."""

_MAX_NUMBER: Final = 2**63 - 1
_FAREWELL_SECONDS: Final = 1.0


def sockets(platform: Platform) -> tuple[WebSocketRoute, ...]:
    """Where listeners come to."""

    async def serve(websocket: WebSocket) -> None:
        await require(platform, websocket, "read")
        channel, after = _channel(websocket), _after(websocket)
        await websocket.accept()
        await _Listener(websocket, platform.channel_log, channel).serve(after)

    return (WebSocketRoute(PATH, serve, name="channel"),)


def _channel(websocket: WebSocket) -> str:
    name = websocket.path_params["name"]
    if not isinstance(name, str) or CHANNEL_NAME.fullmatch(name) is None:
        detail = "a channel's name has up to 128 letters, digits, and . _ : - after the first"
        raise Refusal(404, "no-such-channel", "There can be no such channel", detail)
    return name


def _after(websocket: WebSocket) -> int | None:
    """The number to go on after; None for whatever is the last now."""
    for name in websocket.query_params:
        if name != "after":
            raise Refusal(400, "bad-parameter", "A parameter is wrong", f"there is no parameter {name[:60]!r}")
    given = websocket.query_params.get("after")
    if given is None:
        return None
    number = number_within(given, 0, _MAX_NUMBER)
    if number is None:
        detail = f"after is {given[:60]!r}; write the number of the last message that was seen, or 0 for all"
        raise Refusal(400, "bad-parameter", "A parameter is wrong", detail)
    return number


class _Listener:
    """One connection."""

    def __init__(self, websocket: WebSocket, channel_log: ChannelLog, channel: str) -> None:
        self._socket = websocket
        self._log = channel_log
        self._channel = channel

    async def serve(self, after: int | None) -> None:
        """Until the listener goes, is too slow, or the log cannot be read."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._hear_of_its_going, tasks.cancel_scope)
                await self._tell(after)
        except* WebSocketDisconnect:
            pass
        except* TimeoutError:
            await self._close(TOO_SLOW, "too slow; come again with after=<last number>")
        except* PortFailure as group:
            await self._close(TRY_AGAIN_LATER, str(group.exceptions[0]))

    async def _tell(self, after: int | None) -> None:
        async with self._log.watch(self._channel) as rings:
            seen = await self._log.last_number(self._channel) if after is None else after
            async for _ in rings:
                while kept := await self._log.read(self._channel, after=seen, limit=_PAGE):
                    for each in kept:
                        with anyio.fail_after(SLOWEST_SECONDS):
                            await self._socket.send_text(frame(each))
                        seen = each.number

    async def _hear_of_its_going(self, scope: anyio.CancelScope) -> None:
        """What a listener says is not for us; but that it goes is heard here."""
        while (await self._socket.receive())["type"] != "websocket.disconnect":
            pass
        scope.cancel()

    async def _close(self, code: int, reason: str) -> None:
        with anyio.move_on_after(_FAREWELL_SECONDS):
            await self._socket.close(code, reason.encode()[:120].decode("utf-8", "ignore"))


def frame(kept: Kept) -> str:
    """A message as a listener gets it."""
    message = kept.message
    at = write_instant(message.at)
    document: dict[str, JsonValue] = {"number": kept.number, "traversal": str(message.traversal), "at": at}
    return write_json({**document, "data": message.data}).decode()
