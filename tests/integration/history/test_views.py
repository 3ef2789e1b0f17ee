"""A traversal as it is shown: its nodes, what it waits for, and how it was."""

from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG, Api, serving
from tests.integration.history.orders import ORDER, order_app
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio

APPROVAL: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "standard",
            "label": "the check",
            "address": "waygrid://processor/check",
            "parameters": {"token": {"$secret": {"path": "check-token"}}},
            "onSuccess": {
                "type": "await",
                "id": "approval",
                "event": "approved",
                "timeout": "1h",
                "onSuccess": {"type": "pass", "id": "done"},
            },
        }
    ],
    "timeout": "2h",
}


def checking_app() -> App:
    app = App()

    @app.processor("check")
    def check(value: Any) -> Any:
        return {"checked": value}

    return app


async def waiting_for_approval(api: Api) -> Any:
    """A traversal that waits for its event."""
    traversal = await api.submit(APPROVAL, payload={"n": 1}, name="a case", labels={"team": "red"})
    with anyio.fail_after(LONG):
        while True:
            shown = (await api.ask("GET", f"/v1/traversals/{traversal}")).document
            if any(wait["kind"] == "event" for wait in shown.get("waitsFor", ())):
                return shown
            await anyio.sleep(0.01)


async def test_a_traversal_shows_its_nodes_and_what_it_waits_for(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYGRID_SECRET_CHECK_TOKEN", "not-to-be-seen")
    async with serving(ports, checking_app()) as api:
        shown = await waiting_for_approval(api)
        history = await api.ask("GET", f"/v1/traversals/{shown['id']}/history?children=true")
    assert (shown["status"], shown["name"], shown["labels"]) == ("running", "a case", {"team": "red"})
    assert [(node["name"], node["kind"], node["status"]) for node in shown["nodes"]] == [
        ("the check", "standard", "succeeded"),
        ("approval", "await", "running"),
        ("done", "pass", "not-reached"),
    ]
    assert shown["nodes"][0]["input"] == {"n": 1}
    assert shown["nodes"][0]["output"] == {"checked": {"n": 1}}
    waits = {(wait["kind"], wait.get("why")): wait for wait in shown["waitsFor"]}
    assert waits.keys() == {("timer", "traversal-timeout"), ("event", None), ("timer", "timeout")}
    assert waits["event", None]["name"] == "approval"
    assert (waits["event", None]["event"], waits["event", None]["key"]) == ("approved", shown["id"])
    assert "not-to-be-seen" not in str(shown) + history.content.decode()


async def test_an_older_state_is_what_its_first_events_made(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYGRID_SECRET_CHECK_TOKEN", "x")
    async with serving(ports, checking_app()) as api:
        shown = await waiting_for_approval(api)
        await api.ask("POST", f"/v1/traversals/{shown['id']}/events/approved", {"by": "Ada"})
        ended = await api.ended(shown["id"])
        path = f"/v1/traversals/{ended['id']}"
        before = [(await api.ask("GET", f"{path}?at={at}")).document for at in range(ended["version"] + 1)]
        beyond = await api.ask("GET", f"{path}?at={ended['version'] + 1}")
    assert [each["version"] for each in before] == list(range(ended["version"] + 1))
    assert {each["eventsInAll"] for each in before} == {ended["version"]}
    assert before[0]["status"] == "accepted"
    assert {node["status"] for node in before[0]["nodes"]} == {"not-reached"}
    waited = next(each for each in before if each["version"] == shown["version"])
    assert waited["waitsFor"] == shown["waitsFor"]
    assert waited["nodes"] == shown["nodes"]
    assert before[-1] == ended
    assert (beyond.status, beyond.document["code"]) == (404, "no-such-event")


async def test_a_node_with_a_body_names_the_traversal_that_runs_it(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload={"parcels": ["book"]})
        each = next(node for node in order["nodes"] if node["name"] == "parcels")
        members = (await api.ask("GET", f"/v1/traversals/{each['child']}")).document
        member = next(node for node in members["nodes"] if node["name"] == "0")
        body = (await api.ask("GET", f"/v1/traversals/{member['child']}")).document
    assert (members["parent"], members["root"]) == (order["id"], order["id"])
    assert [(node["name"], node["status"]) for node in body["nodes"]] == [("pack", "succeeded"), ("ship", "succeeded")]
    assert body["output"] == {"shipped": "book"}


async def test_a_series_shows_its_run_and_when_the_next_begins(api: Api) -> None:
    spec = {
        "entryPoints": [{"type": "pass", "id": "nothing"}],
        "repeatPolicy": {"type": "Indefinitely", "every": "1d"},
    }
    traversal = await api.submit(spec)
    with anyio.fail_after(LONG):
        while True:
            shown = (await api.ask("GET", f"/v1/traversals/{traversal}")).document
            if shown.get("series", {}).get("nextAt"):
                break
            await anyio.sleep(0.01)
    assert shown["series"]["run"] == 1
    assert [(wait["kind"], wait["why"]) for wait in shown["waitsFor"]] == [("timer", "start")]
    run = (await api.ask("GET", f"/v1/traversals/{shown['series']['child']}")).document
    assert (run["status"], run["parent"]) == ("completed", traversal)
