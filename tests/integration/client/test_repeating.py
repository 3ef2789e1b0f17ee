"""What the client does about servers and networks that fail."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.client.misbehaving import (
    Act,
    accepted,
    answers,
    breaks_off,
    drops,
    misbehaving,
    refuses,
    sends,
    traversal,
)
from waygrid_shell.client import (
    BadAnswer,
    Busy,
    NotAllowed,
    NotFound,
    ProblemAnswer,
    SpecRefused,
    Unreachable,
    WaygridClient,
)

pytestmark = pytest.mark.anyio

SPEC = {"entryPoints": [{"type": "pass"}]}
SHORT = timedelta(seconds=0.6)


@pytest.mark.parametrize(
    "failing",
    [drops, breaks_off, sends(b"", 502), refuses(503), sends(b"busy", 504), refuses(429, Retry_After="0")],
    ids=["dropped", "broken off", "502", "503", "504", "429"],
)
async def test_what_failed_in_passing_is_repeated_with_the_same_idempotency_key(failing: Act) -> None:
    async with misbehaving(failing, failing, answers(accepted(), 202)) as server, WaygridClient(server.url) as client:
        assert (await client.submit(SPEC, {"n": 1})).dag == accepted()["dag"]
    assert len(server.heard) == 3
    assert len({heard.headers["idempotency-key"] for heard in server.heard}) == 1
    assert {heard.body for heard in server.heard} == {server.heard[0].body}


async def test_each_call_has_an_idempotency_key_of_its_own_unless_one_is_given() -> None:
    async with misbehaving(answers(accepted(), 202)) as server, WaygridClient(server.url) as client:
        await client.submit(SPEC)
        await client.submit(SPEC)
        await client.submit(SPEC, idempotency_key="order-7")
    first, second, third = (heard.headers["idempotency-key"] for heard in server.heard)
    assert first != second
    assert third == "order-7"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda client: client.submit(SPEC), accepted()),
        (lambda client: client.submit_batch(SPEC, [1, 2]), {"dag": "d", "ids": ["a", "b"]}),
        (lambda client: client.cancel("x"), {}),
        (lambda client: client.pause("x"), {}),
        (lambda client: client.resume("x"), {}),
        (lambda client: client.retry("x"), accepted()),
        (lambda client: client.send_event("e", key="k"), {"id": "i", "event": "e", "key": "k"}),
        (lambda client: client.redrive(), {"count": 1}),
    ],
)
async def test_whatever_changes_something_may_be_repeated(
    call: Callable[[WaygridClient], Awaitable[object]], answer: Any
) -> None:
    async with misbehaving(drops, answers(answer, 202)) as server, WaygridClient(server.url) as client:
        await call(client)
    first, second = server.heard
    assert first.method == "POST"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] != ""


async def test_a_server_that_wants_more_time_than_there_is_is_not_asked_again() -> None:
    act = refuses(429, "no-room", "too much waits", Retry_After="3600")
    async with misbehaving(act) as server, WaygridClient(server.url, timeout=SHORT) as client:
        with pytest.raises(Busy, match="too much waits"):
            await client.submit(SPEC)
    assert len(server.heard) == 1


async def test_what_goes_on_failing_is_given_up_in_time_and_says_how_to_start_a_server() -> None:
    async with misbehaving(drops) as server, WaygridClient(server.url, timeout=SHORT) as client:
        with pytest.raises(Unreachable, match="it hung up; start one with `waygrid dev`"):
            await client.get("x")
    assert len(server.heard) > 1


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async def hangs(writer: object, heard: object) -> None:
        await asyncio.Event().wait()

    async with misbehaving(hangs) as server, WaygridClient(server.url, timeout=SHORT) as client:
        with pytest.raises(Unreachable, match=r"no answer within 0\.\d+ s"):
            await client.get("x")


async def test_a_server_where_nobody_listens_is_given_up_soon_however_long_calls_may_take() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with WaygridClient(url, timeout=timedelta(hours=1), first_contact=timedelta(0)) as client:
        with pytest.raises(Unreachable, match=f"at {url}: nobody listens there"):
            await client.list().__anext__()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "bad-parameter", ProblemAnswer),
        (401, "no-key", NotAllowed),
        (403, "forbidden", NotAllowed),
        (404, "not-found", NotFound),
        (409, "has-ended", ProblemAnswer),
        (413, "too-large", ProblemAnswer),
        (422, "invalid-request", ProblemAnswer),
        (500, "internal", ProblemAnswer),
        (507, "storage-full", ProblemAnswer),
    ],
)
async def test_what_asking_again_does_not_mend_is_raised_at_once_with_what_the_server_said(
    status: int, code: str, error: type[ProblemAnswer]
) -> None:
    async with misbehaving(refuses(status, code, "mend this")) as server, WaygridClient(server.url) as client:
        with pytest.raises(error, match="mend this") as raised:
            await client.submit(SPEC)
    assert raised.value.problem.code == code
    assert len(server.heard) == 1


async def test_all_problems_of_a_spec_are_in_the_error_with_their_places() -> None:
    errors = [
        {"code": "bad-address", "pointer": "/entryPoints/0/address", "message": "no address"},
        {"code": "bad-duration", "pointer": "/timeout", "message": "no duration"},
    ]
    problem = {"type": "x/invalid-spec", "title": "The Spec is not right", "status": 422, "code": "invalid-spec"}
    act = answers({**problem, "detail": "/entryPoints/0/address: no address (and 1 more)", "errors": errors}, 422)
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        with pytest.raises(SpecRefused) as raised:
            await client.submit(SPEC)
    assert [error.code for error in raised.value.errors] == ["bad-address", "bad-duration"]
    assert str(raised.value).splitlines() == [
        "The Spec is not right",
        "  /entryPoints/0/address: bad-address: no address",
        "  /timeout: bad-duration: no duration",
    ]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (sends(b"<html>hello</html>"), "no JSON"),
        (sends(b"\xff\xfe"), "no JSON"),
        (answers({"hello": "world"}), "no TraversalView"),
        (answers(traversal("dancing", 1)), "no TraversalView"),
        (answers([1]), "no TraversalView"),
        (sends(b"nope", 404), "status 404"),
        (answers({"error": "x"}, 500), "status 500"),
        (sends(b"", 302, Location="http://elsewhere.example/"), "http://elsewhere.example/"),
        (refuses(404, "no-such-path"), "has nothing at /v1/traversals/x"),
    ],
)
async def test_an_answer_that_no_server_of_ours_gives_is_named_as_such(act: Act, said: str) -> None:
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        with pytest.raises(BadAnswer, match="is it a Waygrid server of this version") as raised:
            await client.get("x")
    assert said in str(raised.value)


async def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    act = answers(traversal("running", 1, novelty={"x": 1}))
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        assert (await client.get("x")).status == "running"


async def test_a_key_goes_with_each_request_and_not_into_errors() -> None:
    async with misbehaving(refuses(403)) as server, WaygridClient(server.url, "wg_sesame") as client:
        with pytest.raises(NotAllowed) as raised:
            await client.get("x")
    assert server.heard[0].headers["authorization"] == "Bearer wg_sesame"
    assert "sesame" not in str(raised.value)
    assert "sesame" not in repr(client)


async def test_a_dead_letter_that_an_unheard_try_removed_is_removed() -> None:
    async with misbehaving(drops, refuses(404, "not-found")) as server, WaygridClient(server.url) as client:
        await client.discard(4)
        with pytest.raises(NotFound):
            await client.discard(5)
    assert [heard.method for heard in server.heard] == ["DELETE"] * 3


async def test_health_is_told_even_by_a_server_that_cannot_serve() -> None:
    act = answers({"ready": False, "reasons": ["the disk is full"]}, 503)
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        assert (await client.health()).reasons == ("the disk is full",)


async def test_pages_are_followed_to_the_end_and_never_to_another_server() -> None:
    def page(version: int, following: str | None) -> Act:
        return answers({"items": [traversal("completed", version)], "next": following})

    acts = (page(1, "/v1/traversals?after=a&limit=1"), page(2, None))
    async with misbehaving(*acts) as server, WaygridClient(f"{server.url}/") as client:
        found = [each.version async for each in client.list(status="completed", labels={"a": "b:c"}, page_size=1)]
    assert found == [1, 2]
    assert [heard.target for heard in server.heard] == [
        "/v1/traversals?status=completed&label=a:b:c&limit=1",
        "/v1/traversals?after=a&limit=1",
    ]
    async with misbehaving(page(1, "http://elsewhere.example/")) as server, WaygridClient(server.url) as client:
        with pytest.raises(BadAnswer, match="elsewhere"):
            assert [each async for each in client.list()] == []


@pytest.mark.parametrize("server", ["", "localhost:8400", "ftp://x", "http://", "http:// x", "file:///etc"])
async def test_what_is_no_url_of_a_server_is_refused_before_anything_is_sent(server: str) -> None:
    with pytest.raises(ValueError, match="write one like http://127"):
        async with WaygridClient(server) as client:
            await client.get("x")


async def test_a_call_needs_a_spec_or_a_dag_and_an_event_somebody_to_be_for() -> None:
    async with WaygridClient("http://127.0.0.1:9") as client:
        for wrong in (client.submit(), client.submit(SPEC, dag="a"), client.retry("x", spec=SPEC, dag="a")):
            with pytest.raises(ValueError, match="dag"):
                await wrong
        for nobody in (client.send_event("e"), client.send_event("e", traversal="x", key="k")):
            with pytest.raises(ValueError, match="for whom"):
                await nobody


async def test_a_client_that_is_not_open_says_how_to_open_it() -> None:
    with pytest.raises(RuntimeError, match="async with WaygridClient"):
        await WaygridClient("http://127.0.0.1:9").get("x")
