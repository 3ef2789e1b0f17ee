"""The guard, at work: what is connected to is what was judged."""

import gzip
import socket
from ipaddress import ip_network
from typing import Any

import aiohttp
import aiohttp.resolver
import anyio
import pytest
from aiohttp import web

from tests.integration.services.attempts import ON_LOOPBACK, attempt, failure_of, raw_server, serving
from waygrid_shell.hosting.http_client import open_client
from waygrid_shell.processors.http import HttpProcessor
from waygrid_shell.settings.settings import OutboundSettings

pytestmark = pytest.mark.anyio

CLOSED = OutboundSettings()
PACKED = gzip.compress(b" " * 20_000_000)


async def count(request: web.Request) -> web.Response:
    return web.json_response({"path": request.path})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "\uff11\uff12\uff17.0.0.1",  # full-width digits
        "169.254.169.254",
        "user@127.0.0.1",
    ],
)
async def test_loopback_is_refused_under_every_name_and_nothing_is_sent(host: str) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    async with serving(handle) as url, open_client(CLOSED) as client:
        port = url.rpartition(":")[2]
        failed = await failure_of(HttpProcessor(client), attempt(url=f"http://{host}:{port}/", timeout="5s"))
    assert asked == []
    assert failed.code == "bad-value", failed.message


async def test_what_is_allowed_is_reached() -> None:
    async with serving(count) as url, open_client(ON_LOOPBACK) as client:
        for host in ("127.0.0.1", "localhost"):
            port = url.rpartition(":")[2]
            assert await HttpProcessor(client)(attempt(url=f"http://{host}:{port}/a")) == {"path": "/a"}


async def test_a_network_is_allowed_as_it_was_written() -> None:
    only = OutboundSettings(allowed_networks=(ip_network("127.0.0.2/32"),))
    async with serving(count) as url, open_client(only) as client:
        failed = await failure_of(HttpProcessor(client), attempt(url=url))
    assert failed.code == "bad-value"


class Changing(aiohttp.resolver.ThreadedResolver):
    """A name that is public when it is looked at first, and something else afterwards."""

    answers: tuple[str, ...] = ("93.184.216.34", "127.0.0.1")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        del family
        address, *rest = self.answers
        Changing.answers = (*rest, address)
        return [{"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]


async def test_a_name_that_changes_its_address_is_judged_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    monkeypatch.setattr("waygrid_shell.hosting.outbound.ThreadedResolver", Changing)
    async with serving(handle) as url, open_client(CLOSED) as client:
        port = url.rpartition(":")[2]
        codes = []
        for _ in range(4):
            made = attempt(url=f"http://rebound.example:{port}/", timeout="300ms")
            codes.append((await failure_of(HttpProcessor(client), made)).code)
            assert isinstance(client.session.connector, aiohttp.TCPConnector)
            client.session.connector.clear_dns_cache()  # as after a while
    assert asked == []
    assert codes[1::2] == ["bad-value", "bad-value"]  # the others went to a public address, where nobody answered


async def test_of_a_name_with_several_addresses_only_those_that_may_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    class Both(aiohttp.resolver.ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
            del family
            common = {"hostname": host, "port": port, "proto": 0, "flags": 0, "family": socket.AF_INET}
            return [{**common, "host": each} for each in ("10.255.255.1", "127.0.0.1")]

    monkeypatch.setattr("waygrid_shell.hosting.outbound.ThreadedResolver", Both)
    async with serving(count) as url, open_client(ON_LOOPBACK) as client:
        port = url.rpartition(":")[2]
        assert await HttpProcessor(client)(attempt(url=f"http://both.example:{port}/x")) == {"path": "/x"}


async def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("http://127.0.0.1:1/secret")

    async with serving(redirect) as url, open_client(ON_LOOPBACK) as client:
        failed = await failure_of(HttpProcessor(client), attempt(url=f"{url}/start"))
    assert (failed.code, asked) == ("http-302", ["/start"])


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(count) as url, open_client(ON_LOOPBACK) as client:
        assert await HttpProcessor(client)(attempt(url=f"{url}/b")) == {"path": "/b"}


async def test_no_cookie_is_kept_for_the_next_request() -> None:
    cookies: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        cookies.append(dict(request.cookies))
        response = web.Response()
        response.set_cookie("session", "1")
        return response

    async with serving(handle) as url, open_client(ON_LOOPBACK) as client:
        for _ in range(2):
            await HttpProcessor(client)(attempt(url=url))
    assert cookies == [{}, {}]


# --- servers that do not speak as they should


async def answer_nothing(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await anyio.sleep_forever()


async def close_at_once(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()


async def speak_no_http(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await stream.send(b"SSH-2.0-OpenSSH_9.0\r\n" * 100)


async def close_in_the_middle_of_the_body(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await stream.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a": ')


async def send_headers_for_ever(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await stream.send(b"X-More: " + b"x" * 1000 + b"\r\n")


async def send_a_header_line_for_ever(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 200 OK\r\nX-More: ")
    while True:
        await stream.send(b"x" * 10_000)


async def send_a_body_for_ever(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await stream.send(b" " * 10_000)


async def send_a_byte_now_and_then(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await stream.send(b" ")
        await anyio.sleep(0.01)


async def send_a_small_body_that_unpacks_to_a_large_one(stream: anyio.abc.SocketStream) -> None:
    await stream.receive()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n\r\n"
    await stream.send(head.encode() + PACKED)


@pytest.mark.parametrize(
    ("speak", "code"),
    [
        (answer_nothing, "unreachable"),
        (close_at_once, "unreachable"),
        (speak_no_http, "unreachable"),
        (close_in_the_middle_of_the_body, "unreachable"),
        (send_headers_for_ever, "unreachable"),
        (send_a_header_line_for_ever, "unreachable"),
        (send_a_body_for_ever, "bad-output"),
        (send_a_byte_now_and_then, "unreachable"),
        (send_a_small_body_that_unpacks_to_a_large_one, "bad-output"),
    ],
)
async def test_a_server_that_does_not_speak_as_it_should_costs_an_attempt_and_no_more(speak: Any, code: str) -> None:
    async with raw_server(speak) as url, open_client(ON_LOOPBACK) as client:
        failed = await failure_of(HttpProcessor(client), attempt(url=url, timeout="500ms"))
    assert failed.code == code, failed.message
    assert len(failed.message) < 1_000
