"""What the processor `http` sends, and when it asks again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.integration.services.attempts import ON_LOOPBACK, attempt, failure_of, serving
from waygrid_shell.hosting.http_client import open_client
from waygrid_shell.processors.http import HttpProcessor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def http() -> AsyncIterator[HttpProcessor]:
    async with open_client(ON_LOOPBACK) as client:
        yield HttpProcessor(client)


@pytest.mark.parametrize(
    ("parameters", "content_type", "body"),
    [
        ({}, "application/json", b'{"a":1}'),
        ({"body": "text"}, "application/json", b'"text"'),
        ({"body": None}, "application/json", b"null"),
        ({"encoding": "text", "body": "h\u00e9"}, "text/plain; charset=utf-8", b"h\xc3\xa9"),
        ({"encoding": "form", "body": {"a": "x y", "b": [1, True], "c": None}}, None, b"a=x+y&b=1&b=true"),
        ({"encoding": "text", "body": "<a/>", "headers": {"content-type": "text/xml"}}, "text/xml", b"<a/>"),
        ({"method": "GET", "body": {"q": 1}}, "application/json", b'{"q":1}'),
    ],
)
async def test_the_body_is_sent_as_it_is_asked_for(
    http: HttpProcessor, parameters: dict[str, Any], content_type: str | None, body: bytes
) -> None:
    seen: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.headers["Content-Type"], await request.read()))
        return web.Response()

    async with serving(handle) as url:
        assert await http(attempt({"a": 1}, url=url, **parameters)) == {}
    assert seen == [(content_type or "application/x-www-form-urlencoded", body)]


@pytest.mark.parametrize(
    "parameters",
    [{"encoding": "xml"}, {"encoding": "text", "body": 7}, {"encoding": "form", "body": [1]}, {"maxWait": "long"}],
)
async def test_what_cannot_be_sent_is_a_bad_value(http: HttpProcessor, parameters: dict[str, Any]) -> None:
    assert (await failure_of(http, attempt(url="http://127.0.0.1:1", **parameters))).code == "bad-value"


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "Expect", "upgrade"])
async def test_a_node_cannot_change_where_its_request_ends(http: HttpProcessor, name: str) -> None:
    failed = await failure_of(http, attempt(url="http://127.0.0.1:1", headers={name: "1"}))
    assert failed.code == "bad-value"
    assert name in failed.message


async def test_a_header_of_the_node_takes_the_place_of_ours_however_it_is_written(http: HttpProcessor) -> None:
    seen: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.headers.getall("Accept"), request.headers.getall("Idempotency-Key")))
        return web.Response()

    async with serving(handle) as url:
        await http(attempt(url=url, headers={"accept": "text/csv", "IDEMPOTENCY-KEY": "mine"}))
    assert seen == [(["text/csv"], ["mine"])]


async def test_a_query_is_added_before_the_fragment(http: HttpProcessor) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response(request.path_qs)

    async with serving(handle) as url:
        assert await http(attempt(url=f"{url}/a?x=1#top", query={"y": "2"})) == "/a?x=1&y=2"


async def test_a_service_that_says_when_to_come_again_is_asked_again_then(http: HttpProcessor) -> None:
    keys: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) < 3:
            return web.Response(status=(429, 503)[len(keys) - 1], headers={"Retry-After": "0"})
        return web.json_response({"n": len(keys)})

    async with serving(handle) as url:
        assert await http(attempt(url=url)) == {"n": 3}
    assert len(set(keys)) == 1


async def test_a_status_that_counts_as_a_success_is_no_reason_to_wait(http: HttpProcessor) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"busy": True}, status=503, headers={"Retry-After": "5"})

    async with serving(handle) as url:
        assert await http(attempt(url=url, success=[503])) == {"busy": True}


async def test_secrets_that_travel_in_urls_are_in_no_message(http: HttpProcessor) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with serving(handle) as url:
        failed = await failure_of(http, attempt(url=url.replace("//", "//user:hidden@") + "/a?key=hidden#hidden"))
    assert failed.code == "http-500"
    assert "hidden" not in failed.message
    assert "/a" in failed.message


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hush@host:99999/x?token=hush",
        "ftp://user:hush@host/x?token=hush#hush",
        "http://[::1/x?token=hush",
        "http:///x?token=hush",
        "/x?token=hush",
        "http://\u2100:hush@host/",
    ],
)
async def test_a_url_that_is_none_is_told_without_the_secrets_in_it(http: HttpProcessor, url: str) -> None:
    failed = await failure_of(http, attempt(url=url))
    assert failed.code == "bad-value"
    assert "hush" not in failed.message


async def test_a_secret_that_ends_with_a_line_break_is_not_told(http: HttpProcessor) -> None:
    failed = await failure_of(http, attempt(url="http://127.0.0.1:1", headers={"X-Key": "hush\n"}))
    assert failed.code == "bad-value"
    assert "X-Key" in failed.message
    assert "hush" not in failed.message
