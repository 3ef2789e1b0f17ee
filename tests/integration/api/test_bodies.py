"""What a body may be, and what is said of one that may not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anyio
import pytest

from tests.integration.api.serving import Api, listening, platform_over, serving
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.settings.settings import ServerSettings

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass"}]}
MOST = 10_000


@pytest.fixture
async def small() -> AsyncIterator[Api]:
    """An API that takes little."""
    async with listening(platform_over(memory_ports(), ServerSettings(max_body_bytes=MOST))) as api:
        yield api


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving(memory_ports()) as api:
        yield api


async def test_a_body_that_says_that_it_is_too_large_is_refused_before_it_comes(small: Api) -> None:
    reply = await small.ask("POST", "/v1/traversals", content=b"x" * (MOST + 1))
    assert reply.status == 413
    assert reply.document["code"] == "too-large"


async def test_who_says_that_too_much_will_come_is_answered_though_nothing_has(small: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(small.url.rpartition(":")[2]))
    writer.write(
        b"POST /v1/traversals HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 10000000000\r\n\r\n"
    )
    async with asyncio.timeout(30):
        answer = await reader.read()  # to the end: the server hangs up
    assert answer.startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_body_that_turns_out_too_large_is_refused_while_it_comes(small: Api) -> None:
    sent = 0

    async def without_end() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"[" * 1_000

    headers = {"Content-Type": "application/json"}
    try:
        async with small.session.post(f"{small.url}/v1/traversals", data=without_end(), headers=headers) as response:
            assert response.status == 413
    except aiohttp.ClientConnectionError:
        pass  # the server hung up while we were still sending: refused as well
    assert sent < 10_000


async def test_many_large_bodies_at_once_are_too_many(small: Api) -> None:
    held = anyio.Event()
    came, refused = 0, 0

    async def slowly() -> AsyncIterator[bytes]:
        yield b" " * (MOST - 1)
        await held.wait()
        yield b"1"

    async def send() -> None:
        nonlocal came, refused
        headers = {"Content-Type": "application/json"}
        async with small.session.post(f"{small.url}/v1/events/e?key=k", data=slowly(), headers=headers) as response:
            came += response.status == 202
            refused += response.status == 429
            held.set()  # the first that is refused shows that those before it were too many

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(small.platform.acceptance.run)
        async with anyio.create_task_group() as senders:
            for _ in range(80):
                senders.start_soon(send)
        assert refused > 0
        assert came > 0
        assert (await small.ask("POST", "/v1/events/e?key=k", 1)).status == 202, "there is room again"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_a_body_of_another_type_is_refused(api: Api, content_type: str) -> None:
    reply = await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers={"Content-Type": content_type})
    assert reply.status == 415
    assert "application/json" in reply.document["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/a+json"])
async def test_json_may_be_called_by_its_other_names(api: Api, content_type: str) -> None:
    reply = await api.ask("POST", "/v1/traversals", {"spec": PASS}, headers={"Content-Type": content_type})
    assert reply.status == 202


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1"),
        (b"{", "line 1"),
        (b"{'spec': 1}", "double quotes"),
        (b'{"a": 1} x', "more text"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"payload": NaN}', "NaN"),
        (b'{"payload": Infinity}', "Infinity"),
        (b'{"payload": 1, "payload": 2}', "payload"),
        (b'{"payload": {"a": {"b": 1, "b": 2}}}', "b"),
        (b'{"payload": "\\ud800"}', "surrogate"),
        (b'{"payload": ' + b"9" * 5_000 + b"}", "digits"),
        (b'{"payload": 1e999}', "at most 1.79"),
        (b"[" * 100_000, "deep"),
        (b'{"payload": ' + b"[" * 200 + b"]" * 200 + b"}", "deeper than"),
    ],
    ids=range(14),
)
async def test_what_is_no_json_data_is_refused_with_the_reason(api: Api, content: bytes, said: str) -> None:
    for path in ("/v1/traversals", "/v1/events/e?key=k"):
        if not content and "events" in path:
            continue  # no body is no data: {}
        reply = await api.ask("POST", path, content=content)
        assert reply.status == 400, reply.content
        assert reply.document["code"] == "not-json"
        assert said in reply.document["detail"], reply.document["detail"]


async def test_numbers_keep_all_their_digits(api: Api) -> None:
    spec = {"entryPoints": [{"type": "pass"}]}
    reply = await api.ask(
        "POST",
        "/v1/traversals?wait=60s",
        content=b'{"spec": {"entryPoints": [{"type": "pass"}]}, "payload": 123456789012345678901234567890}',
    )
    assert reply.status == 200, spec
    assert b'"output":123456789012345678901234567890' in reply.content


async def test_a_spec_that_nests_deep_is_no_danger(api: Api) -> None:
    deep = b'{"type":"pass","onSuccess":' * 3_000 + b'{"type":"pass"}' + b"}" * 3_000
    reply = await api.ask("POST", "/v1/traversals", content=b'{"spec":{"entryPoints":[' + deep + b"]}}")
    assert reply.status == 202, reply.content[:500]
    too_deep = b'{"type":"pass","onSuccess":' * 20_000 + b'{"type":"pass"}' + b"}" * 20_000
    reply = await api.ask("POST", "/v1/traversals", content=b'{"spec":{"entryPoints":[' + too_deep + b"]}}")
    assert reply.status in (400, 422)
