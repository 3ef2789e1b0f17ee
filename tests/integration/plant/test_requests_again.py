"""A traversal that is asked for again, and what a traversal remembers of how it was asked for."""

from typing import Any

import anyio
import pytest
from attrs import evolve

from tests.integration.plant.running import compiled, running_plant, work
from waygrid_core.children.derive import plan_for
from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.trace_context import span_id
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import (
    EventReceived,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    TraversalCancelRequested,
    TraversalRequested,
)
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.journal import Query
from waygrid_shell.ports.live_feed import Progress
from waygrid_shell.processors.function import App, Attempt
from waygrid_shell.runtime.embedded import EmbeddedPlant
from waygrid_shell.runtime.wiring import Ports

pytestmark = pytest.mark.anyio

TRAVERSAL = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
ORIGIN = ServiceAddress("origin", "http")
GIVEN = Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "vendor=1")


async def store(ports: Ports, document: dict[str, Any]) -> TraversalRequested:
    """The request for a traversal of a Spec that is stored."""
    dag = compiled(document)
    await ports.dag_store.put(dag)
    return TraversalRequested(
        traversal=TRAVERSAL,
        plan=plan_for(dag.dag),
        payload={"n": 1},
        root=TRAVERSAL,
        name="order-7",
        labels={"team": "shop"},
    )


async def publish(ports: Ports, message: Any, name: str, trace: Trace | None = None) -> None:
    """As an origin does."""
    now = ports.clock.now()
    await ports.event_log.publish([seal(WAYSTATION, message, name, sender=ORIGIN, sent_at=now, trace=trace)])


async def settled(plant: EmbeddedPlant) -> None:
    """Wait until nothing moves any more by itself."""
    while await plant.standstill() is None:
        await anyio.sleep(0.005)


async def test_a_request_that_comes_again_is_no_dead_letter_whether_the_traversal_runs_or_has_ended(
    ports: Ports,
) -> None:
    app, go_on = App(), anyio.Event()

    @app.processor("slow")
    async def slow(given: Any) -> Any:
        await go_on.wait()
        return {"done": True}

    request = await store(ports, {"entryPoints": [work("slow")]})
    with anyio.fail_after(20):
        async with running_plant(ports, app) as plant:
            await publish(ports, request, "m-1", GIVEN)
            while not (found := await ports.journal.summaries([TRAVERSAL])):
                await anyio.sleep(0.005)
            assert found[TRAVERSAL].status == "Running"
            await publish(ports, request, "m-2")
            other = TraversalRequested(
                traversal=TRAVERSAL, plan=request.plan, payload={"n": 2}, root=TRAVERSAL, name="another"
            )
            await publish(ports, other, "m-3")
            go_on.set()
            await settled(plant)
            for name, message in {"m-4": request, "m-5": other}.items():
                await publish(ports, message, name)
            await settled(plant)
    summary = (await ports.journal.summaries([TRAVERSAL]))[TRAVERSAL]
    assert (summary.status, summary.output, summary.origin.name) == ("Completed", {"done": True}, "order-7")
    assert await ports.event_log.dead_letters() == []
    assert await ports.event_log.backlog() == {}


async def test_a_request_that_comes_after_its_cancel_is_no_dead_letter(ports: Ports) -> None:
    request = await store(ports, {"entryPoints": [work("a")]})
    with anyio.fail_after(20):
        async with running_plant(ports, App()) as plant:
            await publish(ports, TraversalCancelRequested(TRAVERSAL, "never mind"), "m-1")
            for number in (2, 3):
                await publish(ports, request, f"m-{number}")
            await settled(plant)
    assert (await ports.journal.summaries([TRAVERSAL]))[TRAVERSAL].status == "Canceled"
    assert await ports.event_log.dead_letters() == []


async def test_a_first_request_that_cannot_begin_is_a_dead_letter(ports: Ports) -> None:
    request = await store(ports, {"entryPoints": [work("a")]})
    wrong = TraversalRequested(traversal=TRAVERSAL, plan=request.plan, payload=None, root=TRAVERSAL, entry=5)
    with anyio.fail_after(20):
        async with running_plant(ports, App()) as plant:
            await publish(ports, wrong, "m-1")
            await settled(plant)
    (letter,) = await ports.event_log.dead_letters()
    assert "MissingEntryNode" in letter.reason


async def test_a_traversal_is_found_by_the_name_and_labels_of_its_request_and_keeps_its_trace(ports: Ports) -> None:
    request = await store(ports, {"entryPoints": [{"type": "call", "body": {"type": "pass"}}]})
    with anyio.fail_after(20):
        async with running_plant(ports, App()) as plant:
            await publish(ports, request, "m-1", GIVEN)
            await settled(plant)
    (found,) = await ports.journal.search(Query(labels={"team": "shop"}, name="order-7"))
    assert (found.origin.name, found.origin.labels, found.origin.trace) == ("order-7", {"team": "shop"}, GIVEN)
    parent, child = sorted(await ports.journal.search(Query(root=TRAVERSAL, with_children=True)), key=_depth)
    assert (parent.traversal, child.origin.name, child.origin.labels) == (TRAVERSAL, None, {})
    assert child.origin.trace == Trace(GIVEN.traceparent.replace("00f067aa0ba902b7", span_id(TRAVERSAL)), "vendor=1")


def _depth(summary: Any) -> int:
    return 0 if summary.traversal == TRAVERSAL else 1


@pytest.mark.parametrize("given", [GIVEN, None])
async def test_every_message_of_a_traversal_bears_its_trace(ports: Ports, given: Trace | None) -> None:
    sent: list[TransportEnvelope] = []
    app = App()
    app.processor("a")(lambda value: value)
    ports = _listening(ports, sent)
    request = await store(ports, {"timeout": "1h", "entryPoints": [work("a", onSuccess=work("a"))]})
    with anyio.fail_after(20):
        async with running_plant(ports, app) as plant:
            await publish(ports, request, "m-1", given)
            await settled(plant)
    inside = GIVEN.traceparent[:35] if given else f"00-{sent[1].headers['traceparent'][3:35]}"
    of_traversal = [record for record in sent[1:] if "TimerFired" not in record.headers["ce_type"]]
    assert len(of_traversal) >= 6  # two timers, two attempts, two answers, the end
    assert {record.headers.get("traceparent") for record in of_traversal} == {f"{inside}-{span_id(TRAVERSAL)}-01"}
    kinds = {type(record.sealed.message) for record in of_traversal if record.sealed}
    assert kinds >= {NodeTraversalRequested, NodeTraversalSucceeded}


def _listening(ports: Ports, sent: list[TransportEnvelope]) -> Ports:
    """The same ports, one write after the other, with a copy of all that is published."""

    class Listening:
        def __getattr__(self, name: str) -> Any:
            return getattr(ports.event_log, name)

        async def publish(self, records: Any) -> None:
            sent.extend(records)
            await ports.event_log.publish(records)

    return evolve(ports, event_log=Listening(), outbox=None)


async def test_an_await_whose_event_is_there_answers_in_the_trace_of_who_waits(ports: Ports) -> None:
    sent: list[TransportEnvelope] = []
    event = EventReceived("e-1", "go", TRAVERSAL, {"by": "Ada"})
    ports = _listening(ports, sent)
    request = await store(ports, {"entryPoints": [{"type": "await", "event": "go"}]})
    with anyio.fail_after(20):
        async with running_plant(ports, App()) as plant:
            await ports.event_log.publish([seal(INBOX, event, "e-1", sender=ORIGIN, sent_at=ports.clock.now())])
            await settled(plant)
            await publish(ports, request, "m-1", GIVEN)
            await settled(plant)
    (answer,) = [record for record in sent if record.headers["ce_source"] == "waygrid://system/inbox"]
    assert answer.headers["traceparent"] == f"{GIVEN.traceparent[:35]}-{span_id(TRAVERSAL)}-01"


async def test_what_a_handler_tells_is_seen_by_who_watches_from_any_thread(ports: Ports) -> None:
    app = App()

    @app.processor("tells")
    async def tells(given: Any, attempt: Attempt) -> Any:
        attempt.tell({"share": 0.5})
        return {}

    @app.processor("tells-in-a-thread")
    def tells_in_a_thread(given: Any, attempt: Attempt) -> Any:
        told = {"tokens": ["a"]}
        attempt.tell(told)
        told["tokens"].append("b")  # what was told stays as it was
        with pytest.raises(ValueError, match="not JSON"):
            attempt.tell(object())  # type: ignore[arg-type]
        return {}

    request = await store(ports, {"entryPoints": [work("tells", onSuccess=work("tells-in-a-thread"))]})
    progress: list[Progress] = []
    with anyio.fail_after(20):
        async with running_plant(ports, app) as plant, ports.live_feed.watch() as watched:
            await publish(ports, request, "m-1")
            while len(progress) < 2:
                progress += [told for told in await anext(watched) if isinstance(told, Progress)]
            await settled(plant)
    assert [(told.data, told.traversal, told.root, told.attempt) for told in progress] == [
        ({"share": 0.5}, TRAVERSAL, TRAVERSAL, 1),
        ({"tokens": ["a"]}, TRAVERSAL, TRAVERSAL, 1),
    ]
    assert (await ports.journal.summaries([TRAVERSAL]))[TRAVERSAL].status == "Completed"
