"""What is handed in over HTTP is kept, and runs to its end."""

import pytest

from tests.integration.api.serving import Api

pytestmark = pytest.mark.anyio

PASS = {"entryPoints": [{"type": "pass", "output": {"said": {"$from": "/payload/word"}}}]}
WAIT_FOR_IT = {"entryPoints": [{"type": "await", "event": "go"}]}


async def test_a_submission_is_accepted_and_runs_to_its_end(api: Api) -> None:
    reply = await api.ask("POST", "/v1/traversals", {"spec": PASS, "payload": {"word": "hello"}})
    assert reply.status == 202
    accepted = reply.document
    assert reply.headers["Location"] == accepted["links"]["self"] == f"/v1/traversals/{accepted['id']}"
    ended = await api.ended(accepted["id"])
    assert ended["status"] == "completed"
    assert ended["output"] == {"said": "hello"}
    assert ended["dag"] == accepted["dag"]


async def test_who_waits_gets_the_outcome(api: Api) -> None:
    outcome = await api.outcome(PASS, payload={"word": "now"})
    assert outcome["status"] == "completed"
    assert outcome["output"] == {"said": "now"}
