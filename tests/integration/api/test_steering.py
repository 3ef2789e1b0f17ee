"""What is under way is canceled, paused and resumed; what has ended is not."""

from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG, Api

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass"}]}
WAIT: Any = {"entryPoints": [{"type": "await", "event": "go", "onSuccess": {"type": "pass", "output": "gone"}}]}
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def until(api: Api, traversal: str, status: str) -> None:
    with anyio.fail_after(LONG):
        while (await api.ask("GET", f"/v1/traversals/{traversal}")).document["status"] != status:
            await anyio.sleep(0.01)


async def test_a_canceled_traversal_ends_with_the_reason(api: Api) -> None:
    traversal = await api.submit(WAIT)
    reply = await api.ask("POST", f"/v1/traversals/{traversal}/cancel", {"reason": "changed my mind"})
    assert reply.status == 202
    assert reply.document["asked"] == "cancel"
    ended = await api.ended(traversal)
    assert ended["status"] == "canceled"
    assert ended["reason"] == "changed my mind"


async def test_a_cancel_needs_no_body(api: Api) -> None:
    traversal = await api.submit(WAIT)
    assert (await api.ask("POST", f"/v1/traversals/{traversal}/cancel")).status == 202
    assert (await api.ended(traversal))["status"] == "canceled"


async def test_a_paused_traversal_goes_on_when_it_is_resumed(api: Api) -> None:
    traversal = await api.submit(WAIT)
    await until(api, traversal, "running")
    assert (await api.ask("POST", f"/v1/traversals/{traversal}/pause")).status == 202
    await until(api, traversal, "paused")
    assert (await api.ask("POST", f"/v1/traversals/{traversal}/events/go")).status == 202
    assert (await api.ask("POST", f"/v1/traversals/{traversal}/resume")).status == 202
    assert (await api.ended(traversal))["output"] == "gone"


@pytest.mark.parametrize("what", ["cancel", "pause", "resume", "events/go"])
async def test_one_that_has_ended_is_not_steered(api: Api, what: str) -> None:
    ended = await api.outcome(PASS)
    reply = await api.ask("POST", f"/v1/traversals/{ended['id']}/{what}")
    assert reply.status == 409
    assert "completed" in reply.document["detail"]


@pytest.mark.parametrize("what", ["cancel", "pause", "resume", "events/go"])
@pytest.mark.parametrize("traversal", [NOBODY, "nonsense", "%00", NOBODY + "x"])
async def test_one_that_nobody_handed_in_is_not_there(api: Api, what: str, traversal: str) -> None:
    assert (await api.ask("POST", f"/v1/traversals/{traversal}/{what}")).status == 404
    assert (await api.ask("GET", f"/v1/traversals/{traversal}")).status == 404


async def test_a_reason_is_a_text(api: Api) -> None:
    traversal = await api.submit(WAIT)
    reply = await api.ask("POST", f"/v1/traversals/{traversal}/cancel", {"reason": 1})
    assert reply.status == 422
    assert reply.document["errors"][0]["pointer"] == "/reason"
