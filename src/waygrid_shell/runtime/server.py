"""The HTTP server, in the event loop of the plant: one process, one loop, no waiting between the two."""

import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import anyio
import uvicorn
from starlette.types import ASGIApp

from waygrid_shell.settings.settings import ServerSettings

_BACKLOG: Final = 2_048
_LAST_ANSWERS_SECONDS: Final = 2
"""How long answers that are still being sent may go on once everything else has ended."""


class CannotListen(Exception):  # noqa: N818 - it says what happened
    """The text says where, why, and the cure."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, so that whoever else tries is told so. Raises `CannotListen`."""
    place = f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CannotListen(f"cannot listen on {place}: no address of this host is called {host!r} ({error})") from error
    # A name may be both (localhost is): what knows IPv4 only would not find us at the other.
    family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot listen on {place}: {_why(error)}") from error
    listener.setblocking(False)
    return listener


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "the port is in use, perhaps by another waygrid; stop that, or give another --port (0: any free one)"
        case errno.EACCES | errno.EPERM:
            return "this user may not; give a --port above 1023"
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address; give another --host"
        case _:
            return error.strerror or str(error)


def url_of(listener: socket.socket) -> str:
    """Where clients on this machine find it."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class HttpServer(uvicorn.Server):
    """Serves `app` on a listening socket until `finish`. Signals are none of its business."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,  # its lines go the way of all lines
                access_log=False,
                server_header=False,
                backlog=_BACKLOG,
                ws_max_size=settings.max_body_bytes,
                timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
            )
        )
        self.has_started = anyio.Event()
        self.has_ended = anyio.Event()

    async def run_on(self, listener: socket.socket) -> None:
        """Serve."""
        try:
            await self.serve([listener])
        finally:
            self.has_ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self.has_started.set()

    async def finish(self) -> None:
        """Take no connection any more, and return once those that are open have been closed."""
        self.should_exit = True
        await self.has_ended.wait()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them to who runs the process."""
        yield
