"""The history of a traversal, as HTTP tells it."""

import re
from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG, Api, serving
from tests.integration.history.orders import ORDER, OWN_LINES, lines, order_app, story
from waygrid_core.codec.wire import EVENTS
from waygrid_core.traversal.fold import fold
from waygrid_core.traversal.state import new_traversal
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio

BOTH = {"parcels": ["book", "anvil"]}


async def test_a_history_tells_what_happened_in_sentences(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload=BOTH)
        entries = await story(api, f"/v1/traversals/{order['id']}/history")
    told = lines(entries)
    assert told[:-2] == OWN_LINES
    assert told[-2].startswith("parcels failed: join-failed: ")
    assert told[-1].startswith("the traversal failed: join-failed: ")


async def test_children_stand_in_the_story_where_their_work_was_done(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload=BOTH)
        await api.ended(await follow_up_of(api, order["id"]))
        told = lines(await story(api, f"/v1/traversals/{order['id']}/history?children=true"))
    wanted = [
        "parcels began its body for 2 items",
        "the list of parcels has 2 items (all must succeed)",
        "parcels[0]/pack was dispatched",
        "parcels[0]/ship succeeded",
        "parcels[1]/pack succeeded",
        "parcels[1]/ship failed: too-heavy",
        "the body of parcels[1] failed: too-heavy",
        "onEnd began",
        "onEnd/report succeeded",
    ]
    places = [told.index(line) for line in wanted]
    assert places == sorted(places)
    assert not [line for line in told if re.search(r"[0-9a-f]{16}", line)], "every node has a name for people"


async def test_pages_of_a_history_join_to_the_whole(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload=BOTH)
        await api.ended(await follow_up_of(api, order["id"]))
        path = f"/v1/traversals/{order['id']}/history?children=true"
        whole = await story(api, path + "&limit=1000")
        paged = await story(api, path + "&limit=3")
    assert paged == whole
    assert len({(entry["traversal"], entry["version"]) for entry in whole}) == len(whole) > 15


async def test_the_story_of_a_child_is_its_own(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload=BOTH)
        child = next(node for node in order["nodes"] if node["name"] == "parcels")["child"]
        entries = await story(api, f"/v1/traversals/{child}/history?children=true")
    assert lines(entries)[0] == "the body of parcels began"
    assert {entry["traversal"] for entry in entries} >= {child}
    assert order["id"] not in {entry["traversal"] for entry in entries}


async def test_the_events_of_a_history_are_the_state(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload=BOTH)
        entries = await story(api, f"/v1/traversals/{order['id']}/history?limit=2")
        stored = (await ports.journal.load([order["id"]]))[order["id"]]
    events: Any = [EVENTS.from_json(event).unwrap() for entry in entries for event in entry["events"]]
    assert fold(events, new_traversal(order["id"])) == stored.state


async def test_loops_are_told_round_by_round(ports: Ports) -> None:
    app = App()

    @app.processor("count")
    def count(value: Any) -> Any:
        return {"n": value["n"] + 1}

    spec = {
        "entryPoints": [
            {
                "type": "loop",
                "id": "poll",
                "atMost": 5,
                "until": {"type": "JsonEquals", "pointer": "/n", "value": 2},
                "body": {"type": "standard", "id": "ask", "address": "waygrid://processor/count"},
            }
        ]
    }
    async with serving(ports, app) as api:
        counted = await api.outcome(spec, payload={"n": 0})
        told = lines(await story(api, f"/v1/traversals/{counted['id']}/history?children=true"))
    assert [line for line in told if "round" in line or "[2]" in line] == [
        "poll began its rounds",
        "round 1 of poll was started",
        "round 1 of poll began",
        "round 1 of poll completed",
        "round 1 of poll completed",
        "round 2 of poll was started",
        "round 2 of poll began",
        "poll[2]/ask was dispatched",
        "poll[2]/ask succeeded",
        "round 2 of poll completed",
        "round 2 of poll completed",
    ]


async def test_what_is_unknown_has_no_history_and_a_wrong_place_is_refused(api: Api) -> None:
    unknown = await api.ask("GET", "/v1/traversals/01KDVDNA0000000000000000AA/history")
    assert unknown.status == 404
    traversal = await api.submit({"entryPoints": [{"type": "await", "event": "go"}]})
    wrong = await api.ask("GET", f"/v1/traversals/{traversal}/history?after=yesterday")
    assert (wrong.status, wrong.document["code"]) == (400, "bad-parameter")


async def follow_up_of(api: Api, root: str) -> str:
    """The traversal of the onEnd, once it has begun: the one that has no parent and is not the root."""
    with anyio.fail_after(LONG):
        while True:
            reply = await api.ask("GET", "/v1/traversals?children=true&limit=1000")
            for item in reply.document["items"]:
                shown = (await api.ask("GET", f"/v1/traversals/{item['id']}")).document
                if "parent" not in shown and shown["id"] != root:
                    traversal: str = shown["id"]
                    return traversal
            await anyio.sleep(0.01)
