"""A traversal, watched live over HTTP: nothing is missed, whatever the live feed drops."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.integration.api.serving import LONG, Api, listening, platform_over, serving
from tests.integration.history.orders import ORDER, order_app
from tests.integration.history.streams import Sent, stream, watched
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.api import lookout
from waygrid_shell.api.following import Place
from waygrid_shell.api.lookout import Lookout
from waygrid_shell.ports.journal import Query
from waygrid_shell.ports.live_feed import Told
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio

FAN_OUT: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "await",
            "id": "start",
            "event": "go",
            "onSuccess": {
                "type": "each",
                "id": "all",
                "over": {"$from": "/payload/items"},
                "body": {"type": "standard", "id": "work", "address": "waygrid://processor/work"},
            },
        }
    ]
}


def working_app() -> App:
    app = App()

    @app.processor("work", concurrency=100)
    async def work(value: Any, attempt: Any) -> Any:
        attempt.tell({"item": value["item"]})
        return value

    return app


class DroppingFeed:
    """A feed that tells nobody anything: it may drop, says the port."""

    def tell(self, told: Sequence[Told]) -> None:
        pass

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[Sequence[Told]]]:
        send, receive = anyio.create_memory_object_stream[Sequence[Told]](1)
        async with send, receive:
            yield receive


async def all_versions(ports: Ports, root: str) -> dict[str, int]:
    """The last version of every traversal of a family, as the journal has it once nothing moves any more."""
    found = await ports.journal.search(Query(root=TraversalId(root), with_children=True, limit=10_000))
    return {each.traversal: each.version for each in found}


def seen(events: Sequence[Sent]) -> dict[str, int]:
    """The last version that was told of every traversal."""
    versions: dict[str, int] = {}
    for event in events:
        if event.name == "change":
            traversal, version = event.document["traversal"], event.document["version"]
            versions[traversal] = max(version, versions.get(traversal, 0))
    return versions


async def begun(api: Api, items: int) -> str:
    """A traversal that waits to fan out."""
    traversal = await api.submit(FAN_OUT, payload={"items": list(range(items))})
    with anyio.fail_after(LONG):
        while not (await api.ask("GET", f"/v1/traversals/{traversal}")).document.get("waitsFor"):
            await anyio.sleep(0.01)
    return traversal


async def test_a_stream_begins_with_the_state_and_closes_with_the_end(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        traversal = await api.submit(ORDER, payload={"parcels": ["book"]})
        events = await watched(api, traversal)
        shown = await api.ended(traversal)
    assert events[0].name == "state"
    assert events[-1].name == "ended"
    assert events[-1].document == shown
    assert {event.name for event in events[1:-1]} <= {"change", "progress"}
    own = [event.document["version"] for event in events if event.document.get("traversal") == traversal]
    assert own == sorted(set(own)), "of the traversal itself nothing is told twice"
    assert (own or [events[0].document["version"]])[-1] == shown["version"]


async def test_an_ended_traversal_says_so_at_once(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome({"entryPoints": [{"type": "pass"}]})
        events = await watched(api, order["id"])
    assert [event.name for event in events] == ["state", "ended"]


async def test_nothing_is_missed_in_a_flood(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "_BEHIND", 5)
    async with serving(ports, working_app()) as api:
        traversal = await begun(api, 200)
        async with stream(api, traversal) as events:
            received = [await anext(events)]
            await api.ask("POST", f"/v1/traversals/{traversal}/events/go")
            with anyio.fail_after(LONG):
                received += [event async for event in events]
        family = await all_versions(ports, traversal)
    assert received[-1].name == "ended"
    # What is told of the parent's end comes after all that its children did.
    assert seen(received) == family


async def test_what_the_feed_drops_the_journal_tells(ports: Ports) -> None:
    feed = DroppingFeed()
    deaf = evolve(ports, live_feed=feed)
    platform = evolve(platform_over(deaf), lookout=Lookout(feed, look_seconds=0.05))
    async with embedded_plant(ports, working_app().served), anyio.create_task_group() as tasks:
        tasks.start_soon(platform.acceptance.run)
        async with listening(platform) as api:
            traversal = await begun(api, 20)
            async with stream(api, traversal) as events:
                received = [await anext(events)]
                await api.ask("POST", f"/v1/traversals/{traversal}/events/go")
                with anyio.fail_after(LONG):
                    received += [event async for event in events]
            family = await all_versions(ports, traversal)
        tasks.cancel_scope.cancel()
    assert received[-1].name == "ended"
    assert seen(received) == family


async def test_who_comes_back_is_told_what_happened_meanwhile(ports: Ports) -> None:
    async with serving(ports, working_app()) as api:
        traversal = await begun(api, 20)
        async with stream(api, traversal) as events:
            received = [await anext(events)]
        await api.ask("POST", f"/v1/traversals/{traversal}/events/go")
        await api.ended(traversal)
        received += await watched(api, traversal, received[-1].id)
        family = await all_versions(ports, traversal)
    assert [event.name for event in received].count("state") == 1
    assert received[-1].name == "ended"
    assert seen(received) == family


async def test_who_comes_back_is_not_told_again_of_children_that_ended_long_before(ports: Ports) -> None:
    """Seen to fail when a child that was passed over was taken for one of which nothing had been told."""
    spec = {key: value for key, value in ORDER.items() if key != "onEnd"}
    async with serving(ports, order_app()) as api:
        order = await api.outcome(spec, payload={"parcels": ["book"]})
        long_after = ports.clock.now() + timedelta(minutes=1)
        place = Place(order["version"], long_after)
        events = await watched(api, order["id"], str(place))
    assert [event.name for event in events] == ["ended"]


async def test_a_stream_that_breaks_after_every_event_still_tells_all(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        traversal = await api.submit(ORDER, payload={"parcels": ["book", "anvil"]})
        received: list[Sent] = []
        with anyio.fail_after(LONG):
            while not received or received[-1].name != "ended":
                async with stream(api, traversal, received[-1].id if received else "") as events:
                    known = {(each.document.get("traversal"), each.document.get("version")) for each in received}
                    async for event in events:
                        key = (event.document.get("traversal"), event.document.get("version"))
                        received.append(event)
                        if event.name == "change" and key not in known:
                            break
        own = [event.document["version"] for event in received if event.document.get("traversal") == traversal]
        decisions = await ports.journal.decisions(TraversalId(traversal))
    first = received[0].document["version"]
    told = [each.version for each in decisions if each.version > first]
    assert own[-1:] == told[-1:]
    assert set(own) <= {each.version for each in decisions}


async def test_progress_is_told_by_name(ports: Ports) -> None:
    async with serving(ports, working_app()) as api:
        traversal = await begun(api, 3)
        async with stream(api, traversal) as events:
            await anext(events)
            await api.ask("POST", f"/v1/traversals/{traversal}/events/go")
            with anyio.fail_after(LONG):
                received = [event async for event in events]
    progress = [event.document for event in received if event.name == "progress"]
    assert sorted((each["name"], each["data"]["item"]) for each in progress) == [
        ("all[0]/work", 0),
        ("all[1]/work", 1),
        ("all[2]/work", 2),
    ]


async def test_a_child_can_be_watched_by_itself(ports: Ports) -> None:
    async with serving(ports, order_app()) as api:
        order = await api.outcome(ORDER, payload={"parcels": ["book"]})
        child = next(node for node in order["nodes"] if node["name"] == "parcels")["child"]
        events = await watched(api, child, "0-0")
        family = await all_versions(ports, order["id"])
    told = seen(events)
    assert order["id"] not in told
    assert told[child] == family[child]
    assert set(told) < set(family)


async def test_whoever_goes_away_frees_everything(ports: Ports) -> None:
    async with serving(ports, working_app()) as api:
        traversal = await begun(api, 1)
        for _ in range(5):
            async with stream(api, traversal) as events:
                assert (await anext(events)).name == "state"
                assert api.platform.lookout.watching == 1
            with anyio.fail_after(LONG):
                while api.platform.lookout.watching:
                    await anyio.sleep(0.005)


async def test_there_is_room_for_so_many_and_no_more(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "MAX_WATCHERS", 1)
    async with serving(ports, working_app()) as api:
        traversal = await begun(api, 1)
        async with stream(api, traversal) as events:
            await anext(events)
            refused = await api.ask("GET", f"/v1/traversals/{traversal}/live")
            assert (refused.status, refused.document["code"]) == (503, "no-room")
            assert refused.headers["Retry-After"]


async def test_streams_end_when_the_platform_stops(ports: Ports) -> None:
    async with serving(ports, working_app()) as api:
        traversal = await begun(api, 1)
        async with stream(api, traversal) as events:
            await anext(events)
            api.platform.lookout.close()
            with anyio.fail_after(LONG):
                assert [event async for event in events] == []


async def test_what_nobody_handed_in_cannot_be_watched(api: Api) -> None:
    reply = await api.ask("GET", "/v1/traversals/01KDVDNA0000000000000000AA/live")
    assert reply.status == 404
