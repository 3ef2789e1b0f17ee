"""`SyncWaygridClient`: blocks, from wherever it is called."""

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.integration.client.misbehaving import (
    ID,
    accepted,
    answers,
    drops,
    event,
    refuses,
    served,
    streams,
    traversal,
)
from waygrid_shell.client import NotFound, StillRunning, SyncWaygridClient, WaygridClient
from waygrid_shell.resources.traversal import TraversalView

SPEC = {"entryPoints": [{"type": "pass"}]}


def test_it_has_every_method_of_the_other_with_the_same_arguments() -> None:
    def methods(client: type) -> dict[str, inspect.Signature]:
        public = {name: value for name, value in vars(client).items() if not name.startswith("_")}
        return {name: inspect.signature(value) for name, value in public.items() if callable(value)}

    blocking = methods(SyncWaygridClient)
    assert "close" in blocking
    del blocking["close"]
    assert blocking == methods(WaygridClient)
    assert inspect.signature(SyncWaygridClient) == inspect.signature(WaygridClient)


def test_a_call_blocks_until_there_is_an_answer_and_repeats_what_failed() -> None:
    with served(drops, answers(accepted(), 202)) as server, SyncWaygridClient(server.url) as client:
        assert client.submit(SPEC, {"n": 1}).id == ID
    assert len(server.heard) == 2


def test_what_the_other_iterates_over_it_iterates_over_with_for() -> None:
    first = answers({"items": [traversal("completed", 1)], "next": "/v1/traversals?after=1"})
    second = answers({"items": [traversal("completed", 2)]})
    with served(first, second) as server, SyncWaygridClient(server.url) as client:
        assert [each.version for each in client.list()] == [1, 2]


def test_errors_are_those_of_the_other() -> None:
    with served(refuses(404, "not-found", "no such thing")) as server, SyncWaygridClient(server.url) as client:
        with pytest.raises(NotFound, match="no such thing"):
            client.get("x")
        with pytest.raises(ValueError, match="give a spec"):
            client.submit()


def test_it_may_be_used_while_a_loop_runs_in_the_same_thread() -> None:
    with served(answers(traversal("running", 1))) as server, SyncWaygridClient(server.url) as client:

        async def inside() -> str:
            return client.get(ID).status

        assert asyncio.run(inside()) == "running"


def test_many_threads_may_share_one() -> None:
    act = answers(traversal("running", 1))
    with served(act) as server, SyncWaygridClient(server.url) as client, ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: client.get(ID).status, range(40)))
    assert statuses == ["running"] * 40


def test_a_story_may_be_left_in_the_middle() -> None:
    act = streams(event("state", 1, traversal("running", 1)), then_hangs=True)
    with served(act) as server, SyncWaygridClient(server.url) as client:
        for told in client.watch(ID):
            assert isinstance(told, TraversalView)
            break
        with pytest.raises(StillRunning):
            client.wait(ID, timedelta(seconds=0.05))


def test_closing_gives_up_what_other_threads_wait_for() -> None:
    act = streams(event("state", 1, traversal("running", 1)), then_hangs=True)
    told = threading.Event()
    ended: list[BaseException] = []

    def watch(client: SyncWaygridClient) -> None:
        try:
            for _ in client.watch(ID):
                told.set()
        except BaseException as error:
            ended.append(error)

    with served(act) as server:
        client = SyncWaygridClient(server.url)
        thread = threading.Thread(target=watch, args=(client,))
        thread.start()
        assert told.wait(10)
        client.close()
        thread.join(10)
        assert not thread.is_alive()
        assert len(ended) == 1
        client.close()
        with pytest.raises(RuntimeError, match="the client is closed"):
            client.get(ID)
