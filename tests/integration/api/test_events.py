"""Events from outside answer awaits, now or later."""

from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG, Api

pytestmark = pytest.mark.anyio

APPROVAL: Any = {"entryPoints": [{"type": "await", "event": "approved"}]}
BY_ORDER: Any = {"entryPoints": [{"type": "await", "event": "paid", "key": {"$from": "/payload/order"}}]}


async def test_an_event_answers_the_await_of_a_traversal(api: Api) -> None:
    traversal = await api.submit(APPROVAL)
    reply = await api.ask("POST", f"/v1/traversals/{traversal}/events/approved", {"by": "Ada"})
    assert reply.status == 202
    assert reply.document["event"] == "approved"
    assert reply.document["key"] == traversal
    assert (await api.ended(traversal))["output"] == {"by": "Ada"}


async def test_an_event_with_a_key_answers_whoever_waits_for_it_even_later(api: Api) -> None:
    reply = await api.ask("POST", "/v1/events/paid?key=order%2F17", {"sum": 3})
    assert reply.status == 202
    assert reply.document["key"] == "order/17"
    assert (await api.outcome(BY_ORDER, payload={"order": "order/17"}))["output"] == {"sum": 3}


async def test_an_event_reaches_an_await_in_a_body_by_the_id_of_the_body_too(api: Api) -> None:
    traversal = await api.submit({"entryPoints": [{"type": "call", "body": APPROVAL}]})
    with anyio.fail_after(LONG):
        while len(items := (await api.ask("GET", "/v1/traversals?children=true")).document["items"]) < 2:
            await anyio.sleep(0.01)
    (child,) = (each["id"] for each in items if each["id"] != traversal)
    reply = await api.ask("POST", f"/v1/traversals/{child}/events/approved", {"by": "Ada"})
    assert reply.document["key"] == traversal
    assert (await api.ended(traversal))["output"] == {"by": "Ada"}


@pytest.mark.parametrize("data", [{}, [], 0, "text", False, {"a": [None]}])
async def test_the_data_of_an_event_is_any_json_value(api: Api, data: Any) -> None:
    traversal = await api.submit(APPROVAL)
    await api.ask("POST", f"/v1/traversals/{traversal}/events/approved", data)
    assert (await api.ended(traversal))["output"] == data


async def test_without_a_body_its_data_is_empty(api: Api) -> None:
    traversal = await api.submit(APPROVAL)
    await api.ask("POST", f"/v1/traversals/{traversal}/events/approved")
    assert (await api.ended(traversal))["output"] == {}


async def test_the_same_key_is_the_same_event(api: Api) -> None:
    twice = {
        "entryPoints": [
            {
                "type": "await",
                "event": "tick",
                "key": "clock",
                "onSuccess": {"type": "await", "event": "tick", "key": "clock", "timeout": "1s"},
            }
        ]
    }
    headers = {"Idempotency-Key": "tick-1"}
    replies = [await api.ask("POST", "/v1/events/tick?key=clock", {"n": 1}, headers=headers) for _ in range(3)]
    (event_id,) = {reply.document["id"] for reply in replies}
    assert (await api.ask("GET", f"/v1/traversals/{event_id}")).status == 404, "an event is no traversal"
    assert (await api.outcome(twice))["error"]["code"] == "timeout", "the second await hears nothing"
    other = await api.ask("POST", "/v1/events/tick?key=clock", {"n": 2}, headers=headers)
    assert other.status == 422
    assert other.document["code"] == "idempotency-key-reused"


async def test_a_name_may_have_a_slash(api: Api) -> None:
    traversal = await api.submit({"entryPoints": [{"type": "await", "event": "order/paid"}]})
    reply = await api.ask("POST", f"/v1/traversals/{traversal}/events/order%2Fpaid", 1)
    assert reply.document["event"] == "order/paid"
    assert (await api.ended(traversal))["output"] == 1


@pytest.mark.parametrize("path", ["/v1/events/paid", "/v1/events/paid?key=", f"/v1/events/paid?key={'x' * 5_000}"])
async def test_an_event_for_everybody_has_a_key(api: Api, path: str) -> None:
    reply = await api.ask("POST", path, {})
    assert reply.status == 400
    assert reply.document["errors"][0]["pointer"] == "/key"
