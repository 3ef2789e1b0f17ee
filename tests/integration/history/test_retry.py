"""Traversals that are run again over HTTP: what was done is taken over, in bodies too."""

from collections import Counter
from typing import Any

import pytest

from tests.integration.api.serving import Api, serving
from tests.integration.history.orders import FULFIL, ORDER, lines, story
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio

CHAIN: dict[str, Any] = {
    "name": "chain",
    "entryPoints": [
        {
            "type": "standard",
            "id": "reserve",
            "address": "waygrid://processor/reserve",
            "onSuccess": {"type": "standard", "id": "charge", "address": "waygrid://processor/charge"},
        }
    ],
}


class Shop:
    """Services that count their work, and fail at what is said."""

    def __init__(self, *services: str) -> None:
        self.app = App()
        self.worked: Counter[str] = Counter()
        self.fails: set[str] = set()
        for service in services:
            self._add(service)

    def _add(self, service: str) -> None:
        @self.app.processor(service)
        def work(value: Any, attempt: Attempt) -> Any:
            item = value["item"] if isinstance(value, dict) and "item" in value else None
            name = service if item is None else f"{service} {item}"
            self.worked[name] += 1
            if name in self.fails:
                raise Failed("broken", "not today")
            return value


async def retried(api: Api, traversal: str, wish: Any = None, **headers: str) -> Any:
    """The end of the retry of a traversal."""
    reply = await api.ask("POST", f"/v1/traversals/{traversal}/retry?wait=60s", wish, headers=headers)
    assert reply.status == 200, reply.content
    return reply.document


async def test_a_retry_goes_on_at_the_failed_step(ports: Ports) -> None:
    shop = Shop("reserve", "charge")
    shop.fails = {"charge"}
    async with serving(ports, shop.app) as api:
        old = await api.outcome(CHAIN, payload={"n": 1}, name="a sale", labels={"team": "red"})
        assert old["status"] == "failed"
        shop.fails.clear()
        new = await retried(api, old["id"], {"labels": {"try": "2"}})
        told = lines(await story(api, f"/v1/traversals/{new['id']}/history"))
    assert (new["status"], new["name"]) == ("completed", "a sale")
    assert new["labels"] == {"team": "red", "try": "2", "waygrid/retry-of": old["id"]}
    assert new["payload"] == {"n": 1}
    assert shop.worked == {"reserve": 1, "charge": 2}
    assert told[:2] == [
        "the traversal began, with 1 known output",
        "reserve was taken over from what is known already",
    ]


async def test_a_retry_reaches_into_bodies(ports: Ports) -> None:
    shop = Shop("charge", "pack", "ship", "report")
    shop.fails = {"ship anvil"}
    spec = {key: value for key, value in ORDER.items() if key != "onEnd"}
    async with serving(ports, shop.app) as api:
        old = await api.outcome(spec, payload={"parcels": ["book", "anvil", "pen"]})
        assert old["status"] == "failed"
        shop.fails.clear()
        new = await retried(api, old["id"])
    assert new["status"] == "completed"
    assert [item["item"] for item in new["output"]] == ["book", "anvil", "pen"]
    assert shop.worked == {
        "charge": 1,
        "pack book": 1,
        "ship book": 1,
        "pack anvil": 1,
        "ship anvil": 2,
        "pack pen": 1,
        "ship pen": 1,
    }


async def test_two_calls_of_one_body_are_two_pieces_of_work(ports: Ports) -> None:
    shop = Shop("pack", "ship", "deny")
    inner = {
        "entryPoints": [
            {
                "type": "standard",
                "id": "pack",
                "address": "waygrid://processor/pack",
                "onSuccess": {"type": "standard", "id": "ship", "address": "waygrid://processor/ship"},
            }
        ]
    }
    spec = {
        "entryPoints": [
            {
                "type": "call",
                "id": "one",
                "body": inner,
                "onSuccess": {
                    "type": "standard",
                    "id": "deny",
                    "address": "waygrid://processor/deny",
                    "onSuccess": {"type": "call", "id": "two", "body": inner},
                },
            }
        ]
    }
    shop.fails = {"deny"}
    async with serving(ports, shop.app) as api:
        old = await api.outcome(spec, payload={"item": None})
        assert (old["status"], shop.worked["pack"]) == ("failed", 1)
        shop.fails.clear()
        new = await retried(api, old["id"])
    assert new["status"] == "completed"
    assert shop.worked["pack"] == 2, "what the first call did is not what the second has to do"


async def test_a_corrected_body_keeps_what_is_the_same_in_it(ports: Ports) -> None:
    shop = Shop("charge", "pack", "ship", "courier")
    shop.fails = {"ship book"}
    whole = {"entryPoints": [{"type": "call", "id": "fulfil", "body": FULFIL}]}
    corrected_body = {**FULFIL, "entryPoints": [{**FULFIL["entryPoints"][0]}]}
    corrected_body["entryPoints"][0]["onSuccess"] = {
        "type": "standard",
        "id": "ship",
        "address": "waygrid://processor/courier",
    }
    corrected = {"entryPoints": [{"type": "call", "id": "fulfil", "body": corrected_body}]}
    async with serving(ports, shop.app) as api:
        old = await api.outcome(whole, payload={"item": "book"})
        new = await retried(api, old["id"], {"spec": corrected})
    assert (old["status"], new["status"]) == ("failed", "completed")
    assert old["dag"] != new["dag"]
    assert shop.worked["pack book"] == 1
    assert shop.worked["courier book"] == 1


async def test_after_a_failure_that_was_handled_nothing_is_taken_over_unless_named(ports: Ports) -> None:
    shop = Shop("reserve", "charge", "refund")
    shop.fails = {"charge"}
    spec = {
        "entryPoints": [
            {
                "type": "standard",
                "id": "reserve",
                "address": "waygrid://processor/reserve",
                "onSuccess": {
                    "type": "standard",
                    "id": "charge",
                    "address": "waygrid://processor/charge",
                    "onFailure": {"type": "standard", "id": "refund", "address": "waygrid://processor/refund"},
                },
            }
        ]
    }
    async with serving(ports, shop.app) as api:
        old = await api.outcome(spec, payload={})
        await retried(api, old["id"])
        assert shop.worked["reserve"] == 2
        await retried(api, old["id"], {"nodes": ["reserve"]})
        assert shop.worked["reserve"] == 2
        unknown = await api.ask("POST", f"/v1/traversals/{old['id']}/retry", {"nodes": ["reserve", "charge", "x"]})
    assert unknown.status == 422
    assert [(error["pointer"], error["code"]) for error in unknown.document["errors"]] == [
        ("/nodes/1", "unknown-ref"),
        ("/nodes/2", "unknown-ref"),
    ]


async def test_a_retry_is_one_retry_however_often_it_is_asked_for(ports: Ports) -> None:
    shop = Shop("reserve", "charge")
    shop.fails = {"charge"}
    async with serving(ports, shop.app) as api:
        old = await api.outcome(CHAIN, payload={})
        first = await retried(api, old["id"], **{"Idempotency-Key": "again"})
        second = await retried(api, old["id"], **{"Idempotency-Key": "again"})
        third = await retried(api, old["id"])
    assert first["id"] == second["id"] != third["id"]


async def test_a_series_is_run_again_as_a_new_one(ports: Ports) -> None:
    shop = Shop("reserve", "charge")
    spec = {**CHAIN, "repeatPolicy": {"type": "Times", "every": "1ms", "times": 2}}
    async with serving(ports, shop.app) as api:
        old = await api.outcome(spec, payload={"n": 1})
        new = await retried(api, old["id"])
        named = await api.ask("POST", f"/v1/traversals/{old['id']}/retry", {"nodes": ["reserve"]})
    assert (new["status"], new["payload"], new["series"]["run"]) == ("completed", {"n": 1}, 2)
    assert shop.worked == {"reserve": 4, "charge": 4}
    assert named.status == 422


async def test_what_cannot_be_retried_says_why(ports: Ports) -> None:
    shop = Shop("charge", "pack", "ship", "report")
    async with serving(ports, shop.app) as api:
        unknown = await api.ask("POST", "/v1/traversals/01KDVDNA0000000000000000AA/retry")
        running = await api.submit({"entryPoints": [{"type": "await", "event": "go"}]})
        not_ended = await api.ask("POST", f"/v1/traversals/{running}/retry")
        order = await api.outcome(ORDER, payload={"parcels": ["book"]})
        child = next(node for node in order["nodes"] if node["name"] == "parcels")["child"]
        part = await api.ask("POST", f"/v1/traversals/{child}/retry")
        fewer = await api.ask("POST", f"/v1/traversals/{order['id']}/retry", {"spec": {"entryPoints": []}})
        ours = await api.ask("POST", f"/v1/traversals/{order['id']}/retry", {"labels": {"waygrid/x": "y"}})
    assert unknown.status == 404
    assert (not_ended.status, not_ended.document["code"]) == (409, "not-ended")
    assert (part.status, part.document["code"]) == (409, "part-of-another")
    assert order["id"] in part.document["detail"]
    assert (fewer.status, fewer.document["code"]) == (422, "invalid-spec")
    assert (ours.status, ours.document["code"]) == (422, "invalid-request")
