"""An HTTP server that does what it is told to, for better or for worse: one act a request, the last one for ever."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from typing import Any, Final, TypeAlias

from attrs import Factory, define, frozen

ID = "01JABCDEFGHJKMNPQRSTVWXYZ0"
HASH = "ab" * 32

_TURNS_OF_A_CONNECTION: Final = 5
"""Of the event loop, from accepting it to telling us; it takes three."""


@frozen
class Heard:
    """A request that came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """Its body as JSON."""
        return json.loads(self.body)


Act: TypeAlias = Callable[[asyncio.StreamWriter, Heard], Awaitable[None]]


@define
class Misbehaving:
    """The server: where it is, and what it has heard."""

    url: str = ""
    heard: list[Heard] = Factory(list)


@asynccontextmanager
async def misbehaving(*acts: Act) -> AsyncIterator[Misbehaving]:
    """Serve on a free port of loopback, and act once for each request."""
    server = Misbehaving()

    connections: dict[asyncio.Task[None], asyncio.WriteTransport] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                server.heard.append(await read_request(reader))
                await acts[min(len(server.heard), len(acts)) - 1](writer, server.heard[-1])
                await writer.drain()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[asyncio.create_task(serve(reader, writer))] = writer.transport

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        await _accept_no_more(listening)
        for task, transport in connections.items():
            task.cancel()
            transport.abort()
        await asyncio.gather(*connections, return_exceptions=True)
        await asyncio.sleep(0)  # lets transports see that they are closed


async def _accept_no_more(listening: asyncio.Server) -> None:
    """Close it once nothing is on its way in: what it has accepted would be lost with it, and never closed."""
    for listener in listening.sockets:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    for _ in range(_TURNS_OF_A_CONNECTION):
        await asyncio.sleep(0)
    listening.close()


@contextmanager
def served(*acts: Act) -> Iterator[Misbehaving]:
    """A misbehaving server in a thread of its own."""
    running, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    servers: list[Misbehaving] = []

    async def serve() -> None:
        async with misbehaving(*acts) as server:
            servers.append(server)
            running.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert running.wait(10)
    try:
        yield servers[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def read_request(reader: asyncio.StreamReader) -> Heard:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in pairs}
    return Heard(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def answers(document: Any, status: int = 200, **headers: str) -> Act:
    """Answer with a document."""
    return sends(json.dumps(document).encode(), status, **{"Content-Type": "application/json", **headers})


def sends(body: bytes, status: int = 200, **headers: str) -> Act:
    """Answer with these bytes; in names of headers `_` stands for `-`."""

    async def act(writer: asyncio.StreamWriter, heard: Heard) -> None:
        lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join((*lines, "", "")).encode() + body)

    return act


def refuses(status: int, code: str = "some-problem", detail: str = "it is so", **headers: str) -> Act:
    """Answer with a problem."""
    problem = {"type": f"x/{code}", "title": "A problem", "status": status, "detail": detail, "code": code}
    return answers(problem, status, **headers)


async def drops(writer: asyncio.StreamWriter, heard: Heard) -> None:
    """Hang up instead of answering."""
    writer.transport.abort()


async def breaks_off(writer: asyncio.StreamWriter, heard: Heard) -> None:
    """Hang up in the middle of the answer."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: application/json\r\n\r\n{"id": ')
    await writer.drain()
    writer.transport.abort()


def streams(*pieces: str, then_hangs: bool = False) -> Act:
    """Answer with a stream of server-sent events in these pieces, and hang up (or go on saying nothing)."""

    async def act(writer: asyncio.StreamWriter, heard: Heard) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            content = piece.encode()
            writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            await writer.drain()
        if then_hangs:
            await asyncio.Event().wait()
        writer.transport.abort()

    return act


def event(name: str, version: int, document: Any) -> str:
    """A server-sent event."""
    return f"id: {version}\nevent: {name}\ndata: {json.dumps(document)}\n\n"


def accepted() -> Any:
    """What is said of a traversal that was taken in."""
    return {"id": ID, "dag": HASH, "links": {}}


def traversal(status: str, version: int, **fields: Any) -> Any:
    """A TraversalView."""
    return {
        "id": ID,
        "status": status,
        "dag": HASH,
        "root": ID,
        "version": version,
        "begunAt": "2026-01-01T00:00:00Z",
        **fields,
    }
