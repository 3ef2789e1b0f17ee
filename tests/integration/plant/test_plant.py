"""Retries, timers, children, series, events and cleaning up, on the real plant with real clocks."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.integration.plant.running import compiled, run_and_leave, run_one, run_spec, running_plant, work
from waygrid_core.children.derive import plan_for
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import Message, TraversalCancelRequested, TraversalRequested
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeDispatched, RetryScheduled
from waygrid_shell.adapters.sqlite.database import open_database
from waygrid_shell.hosting.post import seal
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.origins.batch.intake import BATCH
from waygrid_shell.ports.failure import StorageFull
from waygrid_shell.ports.journal import Summary
from waygrid_shell.processors.function import App, Failed
from waygrid_shell.runtime.wiring import Ports, database_ports
from waygrid_shell.simulation.judging import check_journal

pytestmark = pytest.mark.anyio


def echo_app(*names: str) -> App:
    """Processors that give back what they are given."""
    app = App()
    for name in names:
        app.processor(name)(lambda given: given)
    return app


async def test_no_retry_comes_before_its_delay(ports: Ports) -> None:
    app = App()

    @app.processor("flaky")
    def flaky(given: Any) -> Any:
        raise Failed("down")

    retry = {"type": "Exponential", "base": "30ms", "maxRetries": 3}
    ended = await run_one(ports, {"entryPoints": [work("flaky", retryPolicy=retry)]}, app)
    assert ended.error == ErrorDetail("down", "")
    decisions = await ports.journal.decisions(ended.traversal)
    failed_at = [decision.at for decision in decisions if any(isinstance(e, RetryScheduled) for e in decision.events)]
    made_at = [decision.at for decision in decisions if any(isinstance(e, NodeDispatched) for e in decision.events)]
    assert len(made_at) == 4
    waited = [made - failed for failed, made in zip(failed_at, made_at[1:], strict=True)]
    assert all(wait >= timedelta(milliseconds=30 * 2**n) for n, wait in enumerate(waited))


async def test_a_failure_path_is_taken(ports: Ports) -> None:
    app = echo_app("undo")

    @app.processor("book")
    def book(given: Any) -> Any:
        raise Failed("full", "no seat")

    ended = await run_one(ports, {"entryPoints": [work("book", id="book", onFailure=work("undo"))]}, app, {"n": 1})
    assert ended.status == "Completed"
    assert ended.output == {
        "error": {"code": "full", "message": "no seat", "node": "book", "attempt": 1},
        "input": {"n": 1},
    }


async def test_a_delivery_strategy_delays_and_never_early(ports: Ports) -> None:
    node = work("a", deliveryStrategy={"type": "ScheduleAfter", "delay": "80ms"})
    ended = await run_one(ports, {"entryPoints": [node]}, echo_app("a"))
    assert ended.ended_at is not None
    assert ended.ended_at - ended.begun_at >= timedelta(milliseconds=80)
    assert await ports.timer_book.count() == 0


async def test_a_traversals_own_timeout_ends_it(ports: Ports) -> None:
    app = App()

    @app.processor("stuck")
    async def stuck(given: Any) -> Any:
        await anyio.sleep_forever()

    ended = await run_one(ports, {"timeout": "60ms", "entryPoints": [work("stuck")]}, app)
    assert ended.status == "TimedOut"
    assert await ports.event_log.backlog() == {}


async def test_a_call_answers_with_what_its_body_gave(ports: Ports) -> None:
    body = work("a", onSuccess={"type": "pass", "output": {"got": {"$from": "/input"}}})
    ended = await run_one(ports, {"entryPoints": [{"type": "call", "body": body}]}, echo_app("a"), {"n": 1})
    assert ended.output == {"got": {"n": 1}}


async def test_a_body_that_fails_fails_its_parent_and_is_retried_as_a_new_traversal(ports: Ports) -> None:
    app = App()
    seen: list[str] = []

    @app.processor("flaky")
    def flaky(given: Any, attempt: Any) -> Any:
        seen.append(attempt.traversal)
        if len(seen) == 1:
            raise Failed("down")
        return {"ok": True}

    call = {
        "type": "call",
        "body": work("flaky"),
        "retryPolicy": {"type": "Linear", "base": "1ms", "maxRetries": 1},
    }
    ended = await run_one(ports, {"entryPoints": [call]}, app)
    assert ended.output == {"ok": True}
    assert len(set(seen)) == 2
    assert ended.traversal not in seen


async def test_an_each_gives_the_outputs_in_list_order(ports: Ports) -> None:
    app = App()

    @app.processor("square")
    async def square(given: Any) -> Any:
        await anyio.sleep(0.001 * (5 - given["index"] % 5))
        return given["item"] ** 2

    node = {"type": "each", "over": {"$from": "/payload"}, "concurrency": 4, "body": work("square")}
    ended = await run_one(ports, {"entryPoints": [node]}, app, list(range(23)))
    assert ended.output == [number**2 for number in range(23)]
    assert (await run_one(ports, {"entryPoints": [node]}, app, [])).output == []


async def test_an_each_by_quorum_cancels_the_rest_down_to_their_handlers(ports: Ports) -> None:
    app = App()
    canceled: list[int] = []

    @app.processor("some")
    async def some(given: Any) -> Any:
        if given["item"] < 2:
            return given["item"]
        try:
            await anyio.sleep_forever()
        finally:
            canceled.append(given["item"])

    node = {
        "type": "each",
        "over": {"$from": "/payload"},
        "strategy": {"type": "Quorum", "n": 2},
        "body": {"type": "call", "body": work("some")},
    }
    ended = await run_one(ports, {"entryPoints": [node]}, app, [0, 1, 2, 3])
    assert ended.output == [0, 1, None, None]
    assert sorted(canceled) == [2, 3]
    assert await ports.journal.unfinished() == []


async def test_a_list_that_is_none_fails_for_good(ports: Ports) -> None:
    node = {"type": "each", "over": {"$from": "/payload/x"}, "body": work("a")}
    error = (await run_one(ports, {"entryPoints": [node]}, echo_app("a"), {"x": "text"})).error
    assert error is not None
    assert error.code == "not-a-list"


async def test_a_loop_goes_round_until_its_condition_holds_or_it_is_exhausted(ports: Ports) -> None:
    app = App()

    @app.processor("add")
    def add(given: Any) -> Any:
        return {"n": given["n"] + 1}

    def loop(at_most: int) -> dict[str, Any]:
        until = {"type": "JsonCompare", "pointer": "/n", "op": "ge", "value": {"$from": "/payload/goal"}}
        return {"type": "loop", "until": until, "atMost": at_most, "every": "5ms", "body": work("add")}

    payload = {"n": 0, "goal": 4}
    assert (await run_one(ports, {"entryPoints": [loop(9)]}, app, payload)).output == {"n": 4}
    error = (await run_one(ports, {"entryPoints": [loop(3)]}, app, payload)).error
    assert error is not None
    assert error.code == "exhausted"


async def test_a_series_runs_as_often_as_it_says_on_its_grid(ports: Ports) -> None:
    app = App()
    runs: list[Any] = []

    @app.processor("tick")
    def tick(given: Any) -> Any:
        runs.append(given)
        if len(runs) == 2:
            raise Failed("once", "a failed run does not stop a series")
        return {"runs": len(runs)}

    node = work("tick", input={"run": {"$from": "/traversal/run"}})
    ended = await run_one(
        ports, {"entryPoints": [node], "repeatPolicy": {"type": "Times", "every": "25ms", "times": 4}}, app
    )
    assert [run["run"] for run in runs] == [1, 2, 3, 4]
    assert ended.output == {"runs": 4}
    assert ended.ended_at is not None
    assert ended.ended_at - ended.begun_at >= timedelta(milliseconds=75)


async def test_what_runs_at_the_end_runs_once_and_to_its_end(ports: Ports) -> None:
    app = echo_app("a")
    told: list[Any] = []

    @app.processor("clean")
    async def clean(given: Any) -> Any:
        await anyio.sleep(0.01)
        told.append(given)

    await run_one(ports, {"entryPoints": [work("a")], "onEnd": work("clean")}, app, {"n": 1})
    assert told == [{"status": "completed", "output": {"n": 1}, "payload": {"n": 1}}]
    assert await ports.journal.unfinished() == []


AWAIT = {"entryPoints": [{"type": "await", "id": "ok", "event": "approved"}]}


async def test_an_event_that_came_before_its_await_is_kept_for_it(ports: Ports) -> None:
    wait = {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "50ms"}}
    spec = {"entryPoints": [{**wait, "onSuccess": AWAIT["entryPoints"][0]}]}
    event = GivenEvent("--event", "approved", None, {"by": "Ada"})
    assert (await run_one(ports, spec, events=[event])).output == {"by": "Ada"}


async def test_an_event_reaches_an_await_deep_in_bodies_by_its_users_traversal(ports: Ports) -> None:
    deep = {"type": "call", "body": {"type": "call", "body": AWAIT["entryPoints"][0]}}
    event = GivenEvent("--event", "approved", None, 7)
    assert (await run_one(ports, {"entryPoints": [deep]}, events=[event])).output == 7


async def test_an_event_with_a_key_reaches_the_awaits_of_that_key(ports: Ports) -> None:
    spec = {"entryPoints": [{"type": "await", "event": "paid", "key": {"$from": "/payload/id"}, "timeout": "2s"}]}
    event = GivenEvent("x", "paid", "o-2", {"sum": 5})
    ended = await run_spec(ports, spec, payloads=[{"id": "o-1"}, {"id": "o-2"}], events=[event])
    assert [each.summary.status for each in ended] == ["Failed", "Completed"]
    assert ended[1].summary.output == {"sum": 5}


async def test_what_nothing_will_answer_is_left_and_goes_on_when_the_event_comes(ports: Ports) -> None:
    _, left = await run_and_leave(ports, AWAIT, payloads=[{"n": 1}, {"n": 2}])
    assert [name.event for each in left.tally.left for name in each.awaits] == ["approved", "approved"]
    assert (left.tally.ended, left.tally.total) == (0, 2)
    traversal = left.tally.left[0].traversal
    assert left.tally.left[0].awaits[0].key == traversal
    event = GivenEvent("x", "approved", traversal, {"by": "Ada"})
    ended, left = await run_and_leave(ports, AWAIT, payloads=[], events=[event])
    assert [(each.history, each.summary.output) for each in ended] == [("resumed", {"by": "Ada"})]
    assert len(left.tally.left) == 1


async def test_the_same_batch_is_not_run_again(ports: Ports) -> None:
    app = App()
    seen: list[Any] = []

    @app.processor("count")
    def count(given: Any) -> Any:
        seen.append(given)
        return given

    spec = {"entryPoints": [work("count")]}
    first = await run_spec(ports, spec, app, payloads=[1, 2, 2])
    again = await run_spec(ports, spec, app, payloads=[2, 3, 2, 1])
    assert sorted(seen) == [1, 2, 2, 3]
    assert [each.history for each in first] == ["new"] * 3
    assert [each.history for each in again] == ["ended-before", "new", "ended-before", "ended-before"]
    other = await run_spec(ports, spec, app, payloads=[1], batch="tuesday")
    assert [each.history for each in other] == ["new"]


async def test_a_cancel_ends_a_traversal_and_its_children(ports: Ports) -> None:
    app = App()
    working, canceled = anyio.Event(), anyio.Event()

    @app.processor("long")
    async def long(given: Any) -> Any:
        working.set()
        try:
            await anyio.sleep_forever()
        finally:
            canceled.set()

    summary = await _cancel_when(ports, {"type": "call", "body": work("long")}, app, working)
    assert (summary.status, summary.reason) == ("Canceled", "enough")
    assert canceled.is_set()
    assert await ports.journal.unfinished() == []


async def _cancel_when(ports: Ports, node: dict[str, Any], app: App, when: anyio.Event) -> Summary:
    dag = compiled({"entryPoints": [node]})
    await ports.dag_store.put(dag)
    traversal = TraversalId("01M8750AA50000247T3N7H63T7")
    now = ports.clock.now()
    request = TraversalRequested(traversal=traversal, plan=plan_for(dag.dag), payload={}, root=traversal)
    cancel = TraversalCancelRequested(traversal, "enough")
    with anyio.fail_after(20):
        async with running_plant(ports, app) as plant:
            await ports.event_log.publish([seal(WAYSTATION, request, "m-1", sender=BATCH, sent_at=now)])
            await when.wait()
            await ports.event_log.publish([seal(WAYSTATION, cancel, "m-2", sender=BATCH, sent_at=now)])
            while await plant.standstill() is None:
                await anyio.sleep(0.005)
    return (await ports.journal.summaries([traversal]))[traversal]


async def test_a_cancel_that_comes_first_forbids_the_begin(ports: Ports) -> None:
    dag = compiled({"entryPoints": [work("a")]})
    await ports.dag_store.put(dag)
    traversal = TraversalId("01M8750AA50000247T3N7H63T7")
    now = ports.clock.now()
    request = TraversalRequested(traversal=traversal, plan=plan_for(dag.dag), payload={}, root=traversal)
    messages: list[tuple[Message, str]] = [(TraversalCancelRequested(traversal, "no"), "m-1"), (request, "m-2")]
    with anyio.fail_after(20):
        async with running_plant(ports, echo_app("a")) as plant:
            for message, name in messages:
                await ports.event_log.publish([seal(WAYSTATION, message, name, sender=BATCH, sent_at=now)])
            while await plant.standstill() is None:
                await anyio.sleep(0.005)
    assert (await ports.journal.summaries([traversal]))[traversal].status == "Canceled"


async def test_what_nobody_can_read_goes_to_the_dead_letters_and_the_rest_goes_on(ports: Ports) -> None:
    topics = ("system.waystation", "system.scheduler", "system.inbox", "processor.a")
    await ports.event_log.publish(
        [TransportEnvelope(topic=topic, key="k", headers={"ce_id": topic}, value=b"{") for topic in topics]
    )
    assert (await run_one(ports, {"entryPoints": [work("a")]}, echo_app("a"))).status == "Completed"
    assert await ports.event_log.backlog() == {f"{topic}.dead-letter": 1 for topic in topics}
    letters = await ports.event_log.dead_letters()
    assert {letter.record.topic for letter in letters} == set(topics)
    assert all(letter.record.value == b"{" and letter.reason for letter in letters)


async def test_a_full_disk_ends_the_run_plainly_and_the_next_one_makes_it_good(tmp_path: Path) -> None:
    spec = {"entryPoints": [work("a", onSuccess=work("a", onSuccess=work("a")))]}
    payloads = [{"n": number, "text": "x" * 2_000} for number in range(100)]
    path = tmp_path / "waygrid.db"
    with pytest.raises(ExceptionGroup) as raised:
        async with open_database(path, {"max_page_count": 220}) as database:
            await run_spec(database_ports(database), spec, echo_app("a"), payloads=payloads)
    assert raised.value.subgroup(StorageFull) is not None
    async with open_database(path) as database:
        ports = database_ports(database)
        began = len(await ports.journal.unfinished())
        ended = await run_spec(ports, spec, echo_app("a"), payloads=payloads)
        assert began > 0
        assert [each.summary.output for each in ended] == payloads
        for each in ended:
            await check_journal(ports, each.summary.traversal)


async def test_a_message_that_was_lost_is_sent_again_from_the_state_alone(ports: Ports) -> None:
    body = {"type": "call", "body": work("a")}
    spec = {"entryPoints": [work("a", onSuccess={"type": "each", "over": {"$literal": [1, 2]}, "body": body})]}
    _, left = await run_and_leave(ports, spec, payloads=[{"n": 1}])
    assert len(left.tally.left) == 1
    for topic in ("processor.a", "system.waystation"):
        await _lose(ports, topic)
    (ended,) = await run_spec(ports, spec, echo_app("a"), payloads=[{"n": 1}])
    assert ended.history == "resumed"
    assert ended.summary.output == [{"item": 1, "index": 0}, {"item": 2, "index": 1}]


async def _lose(ports: Ports, topic: str) -> None:
    """Take all that is there, and do nothing about it."""
    count = (await ports.event_log.backlog()).get(topic, 0)
    async with ports.event_log.subscribe([topic]) as subscription:
        for _ in range(count):
            await subscription.acknowledge(await subscription.take(1))
