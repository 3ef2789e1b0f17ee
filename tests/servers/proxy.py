"""A TCP proxy before a server of a test: the network between the two, to be cut, to hang, to be slow, and to heal."""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream, TaskGroup

HOST: Final = "127.0.0.1"

_RESET: Final = struct.pack("ii", 1, 0)
"""A socket that lingers for no time is not closed but reset: its peer gets an error, not an end."""


class Proxy:
    """Leads from `port` to the server at `target`, both on loopback. What it does to the network lasts until `heal`."""

    def __init__(self, port: int, target: int, tasks: TaskGroup) -> None:
        self.port = port
        self._target = target
        self._tasks = tasks
        self._delay_seconds = 0.0
        self._is_open = anyio.Event()
        self._listening: anyio.CancelScope | None = None
        self._has_stopped = anyio.Event()
        self._streams: set[SocketStream] = set()

    async def heal(self) -> None:
        """All is well: what hung goes on from where it was."""
        self._delay_seconds = 0.0
        self._is_open.set()
        if self._listening is None:
            self._listening, self._has_stopped = anyio.CancelScope(), anyio.Event()
            listener = await anyio.create_tcp_listener(local_host=HOST, local_port=self.port)
            self._tasks.start_soon(self._listen, listener, self._listening, self._has_stopped)

    async def cut(self) -> None:
        """Reset all connections, and refuse new ones."""
        if self._listening is not None:
            self._listening.cancel()
            self._listening = None
            await self._has_stopped.wait()
        for stream in list(self._streams):
            with suppress(OSError):  # its peer may have closed it meanwhile
                stream.extra(SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            await anyio.aclose_forcefully(stream)

    def hang(self) -> None:
        """Let nothing through, and tell nobody: connections stay, and new ones are made and get no answer."""
        self._is_open = anyio.Event()

    def slow(self, seconds: float) -> None:
        """Let everything through so much later."""
        self._delay_seconds = seconds

    async def _listen(
        self, listener: "anyio.abc.Listener[SocketStream]", scope: anyio.CancelScope, has_stopped: anyio.Event
    ) -> None:
        try:
            async with listener:
                with scope:
                    await listener.serve(self._connect, self._tasks)
        finally:
            has_stopped.set()

    async def _connect(self, client: SocketStream) -> None:
        self._streams.add(client)
        try:
            async with client:
                await self._is_open.wait()
                with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async with await anyio.connect_tcp(HOST, self._target) as server:
                        self._streams.add(server)
                        try:
                            await self._join(client, server)
                        finally:
                            self._streams.discard(server)
        finally:
            self._streams.discard(client)

    async def _join(self, client: ByteStream, server: ByteStream) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._pump, client, server, tasks)
            tasks.start_soon(self._pump, server, client, tasks)

    async def _pump(self, source: ByteStream, sink: ByteStream, both: TaskGroup) -> None:
        """Once one of them has ended, both end: the protocols here know no half of a connection."""
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                chunk = await source.receive()
                await anyio.sleep(self._delay_seconds)
                await self._is_open.wait()
                await sink.send(chunk)
        await self._is_open.wait()
        both.cancel_scope.cancel()


@asynccontextmanager
async def proxy(port: int, target: int) -> AsyncIterator[Proxy]:
    """A proxy that runs, and is well, as long as the context lasts."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        made = Proxy(port, target, tasks)
        await made.heal()
        try:
            yield made
        except Exception as error:  # raised below, as it is, and not in a group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
