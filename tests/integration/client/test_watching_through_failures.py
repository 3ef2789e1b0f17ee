"""Watching goes on over broken connections, and tells each thing once."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.client.misbehaving import (
    ID,
    accepted,
    answers,
    drops,
    event,
    misbehaving,
    refuses,
    sends,
    streams,
    traversal,
)
from waygrid_shell.client import (
    BadAnswer,
    NotFound,
    StillRunning,
    TraversalFailed,
    Unreachable,
    WaygridClient,
)
from waygrid_shell.resources.live import Change, Progress
from waygrid_shell.resources.traversal import TraversalView

pytestmark = pytest.mark.anyio

SHORT = timedelta(seconds=0.6)
RUNNING = event("state", 2, traversal("running", 2))
ENDED = event("ended", 5, traversal("completed", 5, output={"n": 1}))


def change(version: int) -> str:
    nodes = [{"id": "1", "name": "a", "what": "NodeSucceeded"}]
    return event("change", version, {"traversal": ID, "status": "running", "version": version, "nodes": nodes})


def progress(data: Any) -> str:
    return event("progress", 3, {"traversal": ID, "node": "1", "name": "a", "attempt": 1, "data": data})


async def told_by(server: str) -> list[str]:
    async with WaygridClient(server) as client:
        story = [told async for told in client.watch(ID)]
    words = []
    for told in story:
        match told:
            case TraversalView():
                words.append(f"{told.status} {told.version}")
            case Change():
                words.append(f"change {told.version}")
            case Progress():
                words.append(f"progress {told.data}")
    return words


async def test_a_whole_story_is_told_in_order() -> None:
    async with misbehaving(streams(RUNNING, change(3), progress("x"), change(4), ENDED)) as server:
        assert await told_by(server.url) == ["running 2", "change 3", "progress x", "change 4", "completed 5"]
    (heard,) = server.heard
    assert heard.target == f"/v1/traversals/{ID}/live"
    assert "last-event-id" not in heard.headers


async def test_a_story_that_breaks_off_goes_on_after_what_was_told() -> None:
    cut_in_the_middle = streams(RUNNING, change(3), change(4)[:-9])
    async with misbehaving(cut_in_the_middle, drops, refuses(503), streams(change(4), ENDED)) as server:
        assert await told_by(server.url) == ["running 2", "change 3", "change 4", "completed 5"]
    assert [heard.headers.get("last-event-id") for heard in server.heard] == [None, "3", "3", "3"]


async def test_a_silent_traversal_is_watched_for_longer_than_any_call_may_take() -> None:
    silent = streams(": still here\n\n")
    acts = (streams(RUNNING), silent, silent, streams(ENDED))
    async with misbehaving(*acts) as server, WaygridClient(server.url, timeout=SHORT) as client:
        assert (await client.wait(ID)).status == "completed"
    assert len(server.heard) == 4


async def test_what_is_told_again_of_a_child_after_a_gap_is_told_once() -> None:
    def child(version: int) -> str:
        return event("change", 2, {"traversal": "child", "status": "running", "version": version})

    async with misbehaving(
        streams(RUNNING, child(1), child(3)), streams(child(1), child(3), child(4), ENDED)
    ) as server:
        assert await told_by(server.url) == ["running 2", "change 1", "change 3", "change 4", "completed 5"]


async def test_a_state_that_is_told_again_after_a_gap_without_news_is_told_once() -> None:
    async with misbehaving(streams(RUNNING), streams(RUNNING, ENDED)) as server:
        assert await told_by(server.url) == ["running 2", "completed 5"]


async def test_one_that_has_ended_is_told_once_and_the_stream_is_left() -> None:
    state = event("state", 5, traversal("completed", 5))
    async with misbehaving(streams(state, ENDED, then_hangs=True)) as server:
        assert await told_by(server.url) == ["completed 5"]


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_it_does_not_matter_in_what_pieces_a_story_comes(size: int) -> None:
    whole = (": hello\n\n" + RUNNING + progress("größer\r\n") + ": still here\n\nretry: 5\n\n" + ENDED).replace(
        "\n", "\r\n"
    )
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    async with misbehaving(streams(*pieces)) as server:
        assert await told_by(server.url) == ["running 2", "progress größer\r\n", "completed 5"]


async def test_a_state_larger_than_any_line_that_servers_usually_send_is_read() -> None:
    large = event("ended", 5, traversal("completed", 5, output="x" * 3_000_000))
    async with misbehaving(streams(large)) as server, WaygridClient(server.url) as client:
        assert await client.result(ID) == "x" * 3_000_000


async def test_what_a_later_version_tells_is_passed_over() -> None:
    async with misbehaving(streams(RUNNING, event("novelty", 3, {"x": 1}), ENDED)) as server:
        assert await told_by(server.url) == ["running 2", "completed 5"]


async def test_waiting_gives_the_end_and_the_output_is_its_result() -> None:
    async with misbehaving(streams(RUNNING), streams(ENDED)) as server, WaygridClient(server.url) as client:
        assert (await client.wait(ID)).status == "completed"
        assert await client.result(ID) == {"n": 1}


async def test_the_result_of_one_that_failed_is_an_error_that_says_why() -> None:
    error = {"code": "card-declined", "message": "no funds"}
    act = streams(event("ended", 5, traversal("failed", 5, error=error)))
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        with pytest.raises(TraversalFailed, match=rf"{ID} failed with card-declined \(no funds\)") as raised:
            await client.result(ID)
    assert raised.value.traversal.version == 5


async def test_waiting_too_long_says_that_it_goes_on() -> None:
    async with misbehaving(streams(RUNNING, then_hangs=True)) as server, WaygridClient(server.url) as client:
        with pytest.raises(StillRunning, match=f"{ID} has not ended within 0.05 s; it goes on"):
            await client.wait(ID, timedelta(seconds=0.05))
        with pytest.raises(TimeoutError):
            await client.wait(ID, timedelta(seconds=0.05))


async def test_a_run_that_is_answered_at_once_needs_no_watching() -> None:
    act = answers(traversal("completed", 5, output=7))
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        assert (await client.run({"entryPoints": []})).output == 7
    assert [heard.target for heard in server.heard] == ["/v1/traversals?wait=20s"]


async def test_a_run_that_takes_longer_is_watched_to_its_end() -> None:
    acts = (drops, answers(accepted(), 202), streams(ENDED))
    async with misbehaving(*acts) as server, WaygridClient(server.url) as client:
        assert (await client.run({"entryPoints": []}, timeout=timedelta(seconds=5))).status == "completed"
    submitted, again, watched = server.heard
    assert submitted.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert submitted.target == "/v1/traversals?wait=5s"
    assert watched.target.endswith("/live")


async def test_a_traversal_that_is_not_there_is_not_watched_for_ever() -> None:
    async with misbehaving(refuses(404, "not-found")) as server, WaygridClient(server.url) as client:
        with pytest.raises(NotFound):
            await client.wait(ID)
    assert len(server.heard) == 1


async def test_a_server_that_does_not_come_back_is_given_up() -> None:
    async with misbehaving(streams(RUNNING), drops) as server, WaygridClient(server.url, timeout=SHORT) as client:
        with pytest.raises(Unreachable, match="start one with `waygrid dev`"):
            await client.wait(ID)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (sends(b"hello", 200, Content_Type="text/html"), "no stream of events"),
        (streams("event: state\ndata: {\n\n"), "no JSON"),
        (streams(event("change", 3, {"x": 1})), "no Change"),
    ],
)
async def test_a_stream_that_no_server_of_ours_sends_is_named_as_such(act: Any, said: str) -> None:
    async with misbehaving(act) as server, WaygridClient(server.url) as client:
        with pytest.raises(BadAnswer, match=said):
            await client.wait(ID)


async def test_a_story_may_be_left_at_any_time() -> None:
    async with misbehaving(streams(RUNNING, then_hangs=True)) as server, WaygridClient(server.url) as client:
        story = client.watch(ID)
        assert isinstance(await anext(story), TraversalView)
        await story.aclose()
