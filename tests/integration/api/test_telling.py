"""What is said to a traversal in the words of its Spec is heard, once."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG, Api, serving
from tests.unit.traversal.extensions import EXTENSIONS
from waygrid_shell.client import NotFound, ProblemAnswer, WaygridClient
from waygrid_shell.runtime.wiring import memory_ports

pytestmark = pytest.mark.anyio

WAIT: Any = {
    "signals": [{"type": "Do"}],
    "entryPoints": [{"type": "await", "id": "wait", "event": "never", "onSuccess": {"type": "pass"}}],
}
COUNTED: Any = {
    "signals": [{"type": "Do"}],
    "entryPoints": [
        {"type": "await", "id": "a", "event": "e", "onSuccess": {"type": "await", "id": "b", "event": "e"}}
    ],
}
SERIES: Any = {**WAIT, "repeatPolicy": {"type": "Times", "every": "1h", "times": 2}}
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
async def telling() -> AsyncIterator[Api]:
    async with serving(memory_ports(EXTENSIONS)) as api:
        yield api


async def begun(api: Api, spec: Any) -> str:
    traversal = await api.submit(spec)
    with anyio.fail_after(LONG):
        while (await api.ask("GET", f"/v1/traversals/{traversal}")).document["status"] != "running":
            await anyio.sleep(0.01)
    return traversal


async def test_what_is_told_is_done(telling: Api) -> None:
    traversal = await begun(telling, WAIT)
    path = f"/v1/traversals/{traversal}/signals"
    reply = await telling.ask("POST", path, {"type": "Do", "data": [["succeed", "wait", {"said": True}]]})
    assert reply.status == 202
    assert reply.document["type"] == "Do"
    ended = await telling.ended(traversal)
    assert (ended["status"], ended["output"]) == ("completed", {"said": True})
    history = (await telling.ask("GET", f"/v1/traversals/{traversal}/history")).document
    assert "the traversal was told Do" in [line for entry in history["entries"] for line in entry["lines"]]


async def test_one_key_is_one_signal(telling: Api) -> None:
    traversal = await begun(telling, COUNTED)
    path, key = f"/v1/traversals/{traversal}/signals", {"Idempotency-Key": "ticket-1"}
    both = {"type": "Do", "data": [["succeed", "a", 1], ["fail", "b", "too-much"]]}
    first = await telling.ask("POST", path, {"type": "Do", "data": [["succeed", "a", 1]]}, headers=key)
    again = await telling.ask("POST", path, both, headers=key)
    assert (first.status, again.status) == (202, 202)
    assert first.document["id"] == again.document["id"]
    await telling.ask("POST", path, {"type": "Do", "data": [["succeed", "b", 2]]})
    assert (await telling.ended(traversal))["output"] == 2


async def test_a_type_that_the_spec_does_not_have_is_refused_with_those_that_it_has(telling: Api) -> None:
    traversal = await begun(telling, WAIT)
    reply = await telling.ask("POST", f"/v1/traversals/{traversal}/signals", {"type": "Undo"})
    assert reply.status == 404
    assert reply.document["code"] == "unknown-signal"
    assert "it has Do" in reply.document["detail"]


async def test_a_spec_without_signals_says_so(telling: Api) -> None:
    traversal = await begun(telling, {"entryPoints": WAIT["entryPoints"]})
    reply = await telling.ask("POST", f"/v1/traversals/{traversal}/signals", {"type": "Do"})
    assert reply.status == 404
    assert "it has none" in reply.document["detail"]


async def test_a_series_is_not_told_but_its_runs_are(telling: Api) -> None:
    series = await begun(telling, SERIES)
    reply = await telling.ask("POST", f"/v1/traversals/{series}/signals", {"type": "Do"})
    assert (reply.status, reply.document["code"]) == (409, "is-series")
    with anyio.fail_after(LONG):
        while not (run := (await telling.ask("GET", f"/v1/traversals/{series}")).document["series"].get("child")):
            await anyio.sleep(0.01)
    await telling.ask("POST", f"/v1/traversals/{run}/signals", {"type": "Do", "data": [["succeed", "wait", 1]]})
    assert (await telling.ended(run))["status"] == "completed"


async def test_what_cannot_be_told_is_refused(telling: Api) -> None:
    ended = await telling.outcome({"entryPoints": [{"type": "pass"}]})
    deep: Any = []
    for _ in range(600):
        deep = [deep]
    for traversal, body, status in (
        (NOBODY, {"type": "Do"}, 404),
        (ended["id"], {"type": "Do"}, 409),
        (await begun(telling, WAIT), {"data": 1}, 422),
        (await begun(telling, WAIT), {"type": "Do", "data": deep}, 400),
    ):
        assert (await telling.ask("POST", f"/v1/traversals/{traversal}/signals", body)).status == status


async def test_the_client_tells(telling: Api) -> None:
    async with WaygridClient(telling.url) as client:
        traversal = await begun(telling, WAIT)
        sent = await client.tell(traversal, "Do", [["succeed", "wait", 7]], idempotency_key="once")
        assert sent.type == "Do"
        assert await client.result(traversal) == 7
        with pytest.raises(ProblemAnswer):
            await client.tell(traversal, "Do")
        with pytest.raises(NotFound):
            await client.tell(await begun(telling, WAIT), "Undo")
