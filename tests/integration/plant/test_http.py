"""The processor `http` and the destination `webhook`, against a real server."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from aiohttp import web

from tests.integration.plant.receiver import Receiver
from tests.integration.plant.running import run_one, work
from tests.integration.services.attempts import serving
from waygrid_shell.runtime.wiring import Ports, memory_ports

pytestmark = pytest.mark.anyio


@pytest.fixture
def ports() -> Ports:
    return memory_ports()


def http(**parameters: Any) -> dict[str, Any]:
    return {"entryPoints": [work("http", parameters=parameters)]}


async def test_the_input_is_posted_and_the_answer_is_the_output(ports: Ports) -> None:
    seen: list[tuple[str, str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.headers["Content-Type"], await request.json()))
        return web.json_response({"ok": True})

    async with serving(handler) as url:
        ended = await run_one(ports, http(url=f"{url}/orders"), payload={"id": "é", "n": 10**30})
    assert ended.output == {"ok": True}
    assert seen == [("POST", "application/json", {"id": "é", "n": 10**30})]


async def test_parameters_are_templates(ports: Ports) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, request.headers["X-Tenant"], await request.text()))
        return web.Response(status=200, text="")

    async with serving(handler) as url:
        node = work(
            "http",
            parameters={
                "url": {"$text": url + "/orders/{/payload/id}"},
                "method": "get",
                "headers": {"X-Tenant": {"$from": "/payload/tenant"}, "X-None": None},
                "query": {"q": "a b&c", "n": 3, "tag": ["x", "y"], "none": None},
            },
        )
        ended = await run_one(ports, {"entryPoints": [node]}, payload={"id": 7, "tenant": "t-1"})
    assert ended.output == {}
    assert seen == [("GET", "/orders/7?q=a+b%26c&n=3&tag=x&tag=y", "t-1", "")]


async def test_retries_of_one_node_bear_one_idempotency_key(ports: Ports, receiver: Receiver) -> None:
    receiver.status_of = lambda number, body: 500 if number < 3 else 204
    retry = {"type": "Linear", "base": "1ms", "maxRetries": 5}
    node = work("http", parameters={"url": receiver.url}, retryPolicy=retry)
    assert (await run_one(ports, {"entryPoints": [node]})).status == "Completed"
    keys = [request.headers["Idempotency-Key"] for request in receiver.requests]
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_a_status_that_is_no_success_is_a_failure_with_the_body_in_its_message(ports: Ports) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=422, text="the id is missing")

    async with serving(handler) as url:
        error = (await run_one(ports, http(url=url))).error
    assert error is not None
    assert error.code == "http-422"
    assert "the id is missing" in error.message


async def test_which_statuses_are_successes_can_be_said(ports: Ports) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"known": False}, status=404)

    async with serving(handler) as url:
        assert (await run_one(ports, http(url=url, success=["2xx", 404]))).output == {"known": False}
        assert (await run_one(ports, http(url=url, success="4xx"))).output == {"known": False}


async def test_redirects_are_not_followed(ports: Ports) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async with serving(handler) as url:
        error = (await run_one(ports, http(url=url))).error
    assert error is not None
    assert error.code == "http-302"


async def test_an_answer_that_is_no_json_is_bad_output_unless_text_is_wanted(ports: Ports) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="<html>", content_type="text/html", headers={"X-Id": "1"})

    async with serving(handler) as url:
        error = (await run_one(ports, http(url=url))).error
        assert error is not None
        assert error.code == "bad-output"
        assert "text/html" in error.message
        assert (await run_one(ports, http(url=url, output="text"))).output == "<html>"
        whole: Any = (await run_one(ports, http(url=url, output="response"))).output
    assert (whole["status"], whole["headers"]["x-id"], whole["body"]) == (200, "1", "<html>")


async def test_an_answer_that_is_too_large_is_bad_output(ports: Ports) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=json.dumps("x" * 3_000_000))

    async with serving(handler) as url:
        error = (await run_one(ports, http(url=url))).error
    assert error is not None
    assert error.code == "bad-output"


async def test_nobody_there_is_unreachable(ports: Ports) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url:
        pass
    error = (await run_one(ports, http(url=url))).error
    assert error is not None
    assert error.code == "unreachable"


async def test_no_answer_in_time_is_unreachable(ports: Ports) -> None:
    import asyncio

    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async with serving(handler) as url:
        error = (await run_one(ports, http(url=url, timeout="50ms"))).error
    assert error is not None
    assert error.code == "unreachable"
    assert "0.05 s" in error.message


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"url": 7},
        {"url": "ftp://x"},
        {"url": "http://["},
        {"url": "http://127.0.0.1:1", "method": "BREW"},
        {"url": "http://127.0.0.1:1", "headers": ["x"]},
        {"url": "http://127.0.0.1:1", "headers": {"x": {}}},
        {"url": "http://127.0.0.1:1", "headers": {"x": "a\r\nb: c"}},
        {"url": "http://127.0.0.1:1", "timeout": "soon"},
        {"url": "http://127.0.0.1:1", "success": [True]},
        {"url": "http://127.0.0.1:1", "output": "xml"},
        {"url": "http://127.0.0.1:1", "query": "x"},
        {"url": "http://127.0.0.1:1", "headrs": {}},
    ],
)
async def test_a_wrong_parameter_is_a_bad_value_and_is_never_retried(ports: Ports, parameters: Any) -> None:
    node = work("http", parameters=parameters, retryPolicy={"type": "Linear", "base": "1h", "maxRetries": 1})
    error = (await run_one(ports, {"entryPoints": [node]})).error
    assert error is not None
    assert error.code == "bad-value"


async def test_a_webhook_is_delivered_again_until_it_is_taken(ports: Ports, receiver: Receiver) -> None:
    receiver.status_of = lambda number, body: 500 if number == 1 else 200
    node = {
        "type": "standard",
        "address": "waygrid://destination/webhook",
        "parameters": {"url": receiver.url, "headers": {"X-From": "us"}},
        "retryPolicy": {"type": "Linear", "base": "1ms", "maxRetries": 3},
    }
    ended = await run_one(ports, {"entryPoints": [node]}, payload={"id": 1})
    assert ended.output == {"status": 200}
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == second.headers["Idempotency-Key"]
    assert second.headers["X-From"] == "us"
    assert list(receiver.applied.values()) == [{"id": 1}]


async def test_a_webhook_that_its_receiver_refuses_for_good_is_given_up(ports: Ports, receiver: Receiver) -> None:
    receiver.status_of = lambda number, body: 410
    node = {
        "type": "standard",
        "address": "waygrid://destination/webhook",
        "parameters": {"url": receiver.url},
        "retryPolicy": {"type": "Linear", "base": "1h", "maxRetries": 3},
    }
    error = (await run_one(ports, {"entryPoints": [node]})).error
    assert error is not None
    assert error.code == "bad-value"
    assert "http-410" in error.message
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("secret", ["plain", "whsec_" + base64.b64encode(b"plain").decode()])
async def test_a_webhook_with_a_secret_is_signed(ports: Ports, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("WAYGRID_SECRET_HOOK", secret)
    seen: list[tuple[Any, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers, await request.read()))
        return web.Response()

    async with serving(handler) as url:
        parameters = {"url": url, "secret": {"$secret": {"path": "hook"}}, "body": {"a": 1}}
        node = {"type": "standard", "address": "waygrid://destination/webhook", "parameters": parameters}
        assert (await run_one(ports, {"entryPoints": [node]})).status == "Completed"
    ((headers, body),) = seen
    assert json.loads(body) == {"a": 1}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"plain", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


async def test_the_blackhole_takes_everything(ports: Ports) -> None:
    node = {"type": "standard", "address": "waygrid://destination/blackhole"}
    assert (await run_one(ports, {"entryPoints": [node]}, payload={"x": [1]})).output == {}
