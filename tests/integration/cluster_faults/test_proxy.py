"""The network of the tests does what they ask of it; else they would survive what never happened."""

import math
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio.abc import SocketStream

from tests.free_port import free_port
from tests.servers.proxy import HOST, Proxy, proxy

pytestmark = pytest.mark.anyio

PATIENCE = 10.0
"""Seconds in which what must happen happens."""

QUIET = 0.1
"""Seconds in which what must not happen would have happened."""


@pytest.fixture
async def network() -> AsyncIterator[Proxy]:
    """A proxy before a server that says what it hears."""
    target = free_port()
    async with (
        await anyio.create_tcp_listener(local_host=HOST, local_port=target) as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, _echo)
        async with proxy(free_port(), target) as made:
            yield made
        tasks.cancel_scope.cancel()


async def _echo(stream: SocketStream) -> None:
    async with stream:
        try:
            async for chunk in stream:
                await stream.send(chunk)
        except anyio.BrokenResourceError:
            pass


async def _says(stream: SocketStream, word: bytes) -> bytes:
    await stream.send(word)
    with anyio.fail_after(PATIENCE):
        return await stream.receive()


async def test_what_is_sent_through_a_proxy_arrives_and_is_answered(network: Proxy) -> None:
    async with await anyio.connect_tcp(HOST, network.port) as one, await anyio.connect_tcp(HOST, network.port) as two:
        assert await _says(one, b"here") == b"here"
        assert await _says(two, b"there") == b"there"


async def test_a_cut_resets_connections_and_refuses_new_ones_until_it_heals(network: Proxy) -> None:
    async with await anyio.connect_tcp(HOST, network.port) as stream:
        assert await _says(stream, b"before") == b"before"
        await network.cut()
        with pytest.raises(anyio.BrokenResourceError), anyio.fail_after(PATIENCE):
            await stream.receive()
    with pytest.raises(OSError, match="failed"):
        await anyio.connect_tcp(HOST, network.port)
    await network.heal()
    async with await anyio.connect_tcp(HOST, network.port) as stream:
        assert await _says(stream, b"after") == b"after"


async def test_while_it_hangs_nothing_passes_and_what_was_sent_arrives_once_it_heals(network: Proxy) -> None:
    async with await anyio.connect_tcp(HOST, network.port) as old:
        assert await _says(old, b"before") == b"before"
        network.hang()
        await old.send(b"old")
        async with await anyio.connect_tcp(HOST, network.port) as new:
            await new.send(b"new")
            heard = []
            with anyio.move_on_after(QUIET):
                heard.append(await old.receive())
            with anyio.move_on_after(QUIET):
                heard.append(await new.receive())
            assert heard == []
            await network.heal()
            with anyio.fail_after(PATIENCE):
                assert (await old.receive(), await new.receive()) == (b"old", b"new")


async def test_a_slow_network_takes_that_long_each_way(network: Proxy) -> None:
    async with await anyio.connect_tcp(HOST, network.port) as stream:
        network.slow(math.inf)
        await stream.send(b"late")
        heard = []
        with anyio.move_on_after(QUIET):
            heard.append(await stream.receive())
        assert heard == []
    network.slow(0.01)
    async with await anyio.connect_tcp(HOST, network.port) as stream:
        assert await _says(stream, b"slow") == b"slow"
