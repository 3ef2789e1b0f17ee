"""The destination `webhook`, against real receivers."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.integration.services.attempts import ON_LOOPBACK, attempt, failure_of, raw_server, serving
from tests.integration.services.test_outbound import (
    close_in_the_middle_of_the_body,
    send_a_body_for_ever,
    send_a_byte_now_and_then,
)
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.destinations.webhook import WebhookDestination
from waygrid_shell.hosting.http_client import open_client

pytestmark = pytest.mark.anyio


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookDestination]:
    async with open_client(ON_LOOPBACK) as client:
        yield WebhookDestination(client, HostClock())


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


async def test_while_a_key_is_being_replaced_receivers_with_either_key_accept(webhook: WebhookDestination) -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    old, new = secret_of(b"old" * 10), secret_of(b"new" * 10)
    async with serving(receive) as url:
        output = await webhook(attempt({"id": "é", "n": 1}, url=url, secret=f"{new} {old}"))
    assert output == {"status": 204}
    ((headers, body),) = seen
    for key in (old, new):
        assert Webhook(key).verify(body, headers) == {"id": "é", "n": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(b"other" * 6)).verify(body, headers)


async def test_the_headers_of_a_user_cannot_take_the_place_of_the_signature(webhook: WebhookDestination) -> None:
    seen: list[Any] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append(request.headers)
        return web.Response()

    async with serving(receive) as url:
        await webhook(attempt(url=url, secret="k", headers={"Webhook-ID": "mine", "X-From": "us"}))
    assert seen[0].getall("webhook-id") == ["0" * 32]
    assert seen[0]["X-From"] == "us"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_what_may_pass_fails_with_its_status_for_the_retry_policy(
    webhook: WebhookDestination, status: int
) -> None:
    async def receive(request: web.Request) -> web.Response:
        return web.Response(status=status, text="not now")

    async with serving(receive) as url:
        failed = await failure_of(webhook, attempt(url=url))
    assert failed.code == f"http-{status}"
    assert failed.message.endswith("not now")


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 422])
async def test_what_will_not_pass_is_given_up_with_a_code_that_nobody_retries(
    webhook: WebhookDestination, status: int
) -> None:
    async def receive(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://169.254.169.254/"})

    async with serving(receive) as url:
        failed = await failure_of(webhook, attempt(url=url))
    assert failed.code == "bad-value"
    assert f"http-{status}" in failed.message


async def test_which_refusals_pass_can_be_said(webhook: WebhookDestination) -> None:
    async def receive(request: web.Request) -> web.Response:
        return web.Response(status=int(request.path[1:]))

    async with serving(receive) as url:
        again: Any = [404, "5xx"]
        assert (await failure_of(webhook, attempt(url=f"{url}/404", tryAgain=again))).code == "http-404"
        assert (await failure_of(webhook, attempt(url=f"{url}/429", tryAgain=again))).code == "bad-value"
        assert (await failure_of(webhook, attempt(url=url, tryAgain=["4x"]))).code == "bad-value"


async def test_a_receiver_that_says_when_to_come_again_gets_it_then_with_a_signature_that_is_fresh(
    webhook: WebhookDestination,
) -> None:
    seen: list[Any] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.read()))
        if len(seen) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response()

    secret = secret_of(b"k" * 32)
    async with serving(receive) as url:
        assert await webhook(attempt(url=url, secret=secret)) == {"status": 200}
    (first, body), (second, _) = seen
    assert first["webhook-id"] == second["webhook-id"]
    assert int(first["webhook-timestamp"]) < int(second["webhook-timestamp"])
    Webhook(secret).verify(body, second)


async def test_a_longer_wait_than_allowed_is_left_to_the_retry_policy(webhook: WebhookDestination) -> None:
    seen: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=503, headers={"Retry-After": "60"})

    async with serving(receive) as url:
        failed = await failure_of(webhook, attempt(url=url, maxWait="10s"))
    assert failed.code == "http-503"
    assert len(seen) == 1


async def test_no_more_than_the_beginning_of_an_answer_gets_into_the_message(webhook: WebhookDestination) -> None:
    async def receive(request: web.Request) -> web.Response:
        return web.Response(status=500, text="no " + "x" * 10_000)

    async with serving(receive) as url:
        failed = await failure_of(webhook, attempt(url=f"{url}/hook?token=hidden"))
    assert len(failed.message) < 300
    assert "hidden" not in failed.message


@pytest.mark.parametrize("body", [b"x" * 5_000_000, b"\xff\x00", b""])
async def test_a_delivery_is_one_whatever_the_body_of_the_answer_is(webhook: WebhookDestination, body: bytes) -> None:
    async def receive(request: web.Request) -> web.Response:
        return web.Response(body=body)

    async with serving(receive) as url:
        assert await webhook(attempt(url=url)) == {"status": 200}


@pytest.mark.parametrize("speak", [close_in_the_middle_of_the_body, send_a_body_for_ever, send_a_byte_now_and_then])
async def test_a_body_that_breaks_or_never_ends_does_not_undo_the_delivery(
    webhook: WebhookDestination, speak: Any
) -> None:
    async with raw_server(speak) as url:
        assert await webhook(attempt(url=url)) == {"status": 200}


async def test_a_key_is_in_no_message(webhook: WebhookDestination) -> None:
    failed = await failure_of(webhook, attempt(url="http://127.0.0.1:1", secret="whsec_not-base64"))
    assert failed.code == "bad-value"
    assert "not-base64" not in failed.message


async def test_many_deliveries_go_side_by_side(webhook: WebhookDestination) -> None:
    bodies: list[int] = []
    all_there = asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        bodies.append(json.loads(await request.read()))
        if len(bodies) == 50:
            all_there.set()
        await all_there.wait()  # nobody is answered before all have come
        return web.Response()

    async with serving(receive) as url, asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for number in range(50):
            tasks.create_task(webhook(attempt(number, url=url)))
    assert sorted(bodies) == list(range(50))
