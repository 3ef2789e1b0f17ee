"""The desk of an address, when what it stands on fails, and when more waits than it will hold."""

from collections import deque
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import pytest
from attrs import evolve
from starlette.websockets import WebSocket

from tests.integration.api.serving import Api, listening, platform_over
from tests.integration.workers.elsewhere import Speaker, speaking, working
from waygrid_core.codec.json_bytes import write_json
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.identity import message_id
from waygrid_core.message.messages import NodeTraversalRequested
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.api.work_connection import WorkConnection
from waygrid_shell.hosting import desk
from waygrid_shell.hosting.post import seal, unseal
from waygrid_shell.hosting.seat import Seat
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.failure import StorageFull, Unavailable
from waygrid_shell.processors.function import App, Attempt
from waygrid_shell.resources.work import PROTOCOL
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

TRAVERSAL = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
STOCK = ServiceAddress("processor", "stock")


def request(number: int, *, version: int = 1) -> TransportEnvelope:
    """What a waystation would send: attempt 1 at node `number`; with another version, the same in another message."""
    node = NodeId(f"{number:016x}")
    message = NodeTraversalRequested(
        traversal=TRAVERSAL, node=node, attempt=1, input={"n": number}, parameters={}, root=TRAVERSAL
    )
    name = message_id(TRAVERSAL, version, number)
    return seal(STOCK, message, name, sender=WAYSTATION, sent_at=HostClock().now(), delivery=version)


class Failing:
    """A port whose operations fail as long as `error` is set."""

    def __init__(self, port: object, *operations: str) -> None:
        self.error: Exception | None = None
        self.failed = 0
        self._port = port
        self._operations = operations

    def __getattr__(self, name: str) -> Any:
        operation: Callable[..., Any] = getattr(self._port, name)
        if name not in self._operations:
            return operation

        async def perhaps(*arguments: Any, **named: Any) -> Any:
            if self.error is not None:
                self.failed += 1
                raise self.error
            return await operation(*arguments, **named)

        return perhaps


@asynccontextmanager
async def api_of(ports: Ports) -> AsyncIterator[Api]:
    async with listening(platform_over(ports)) as api:
        yield api


async def answers(log: EventLog, count: int) -> Sequence[Any]:
    """So many messages to the waystation."""
    async with log.subscribe(["system.waystation"]) as subscription:
        found: list[Any] = []
        with anyio.fail_after(20):
            while len(found) < count:
                deliveries = await subscription.take(100)
                found += [unseal(each.record).unwrap() for each in deliveries]
                await subscription.acknowledge(deliveries)
        return found


@pytest.mark.parametrize("broken", ["event_log", "seen_ledger"])
async def test_an_answer_that_cannot_be_kept_is_handed_in_again_and_the_work_is_not_done_again(broken: str) -> None:
    ports = memory_ports()
    operation = {"event_log": "publish", "seen_ledger": "record"}[broken]
    failing = Failing(getattr(ports, broken), operation)
    await ports.event_log.publish([request(1)])
    app = App()
    made: list[str] = []

    @app.processor("stock")
    async def stock(given: Any, attempt: Attempt) -> Any:
        made.append(attempt.attempt_key)
        return given

    failing.error = StorageFull("there is no room")
    async with api_of(evolve(ports, **{broken: cast(Any, failing)})) as api, working(api.url, app):
        with anyio.fail_after(20):
            while failing.failed < 3:
                await anyio.sleep(0.01)
        failing.error = None
        (answer,) = await answers(ports.event_log, 1)
        assert answer.output == {"n": 1}
        assert len(made) == 1
        with anyio.fail_after(20):
            while "processor.stock" in await ports.event_log.backlog():
                await anyio.sleep(0.01)


async def test_a_log_that_cannot_be_read_closes_the_connection_with_the_reason() -> None:
    ports = memory_ports()
    failing = Failing(ports.seen_ledger, "recall")
    failing.error = Unavailable("seen ledger", "the disk is gone")
    await ports.event_log.publish([request(1, version=2)])
    app = App()

    @app.processor("stock")
    async def stock(given: Any) -> Any:
        return given

    async with api_of(evolve(ports, seen_ledger=cast(Any, failing))) as api:
        async with speaking(api.url, "stock") as worker:
            with pytest.raises(Exception, match="the disk is gone"):
                await worker.requests(1)
        async with working(api.url, app):
            failing.error = None
            (answer,) = await answers(ports.event_log, 1)
            assert answer.output == {"n": 1}


async def test_a_request_that_comes_again_is_not_given_again() -> None:
    ports = memory_ports()
    async with api_of(ports) as api, speaking(api.url, "stock") as one, speaking(api.url, "stock") as other:
        await ports.event_log.publish([request(1)])
        worker, given = await first_of(one, other)
        await ports.event_log.publish([request(1, version=2), request(2)])
        await first_of(one, other)  # the second attempt; the first came again before it
        await worker.answer(1, given)
        while (await worker.hear())["type"] != "confirmed":
            pass
        (before,) = await answers(ports.event_log, 1)
        await ports.event_log.publish([request(1, version=3)])  # it is remembered now
        assert await answers(ports.event_log, 1) == [before]
        with anyio.fail_after(20):
            while (await ports.event_log.backlog()).get("processor.stock") != 1:
                await anyio.sleep(0.01)


async def first_of(one: Speaker, other: Speaker) -> tuple[Speaker, dict[str, Any]]:
    """Who is given the next request, and what."""
    found: list[tuple[Speaker, dict[str, Any]]] = []

    async def listen(speaker: Speaker, scope: anyio.CancelScope) -> None:
        found.append((speaker, (await speaker.requests(1))[0]))
        scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen, one, tasks.cancel_scope)
        tasks.start_soon(listen, other, tasks.cancel_scope)
    return found[0]


async def test_what_waits_here_is_bounded_and_the_rest_stays_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "MAX_WAITING", 10)
    monkeypatch.setattr(desk, "_TAKEN_AT_ONCE", 5)
    ports = memory_ports()
    await ports.event_log.publish([request(number) for number in range(100)])
    taken: list[int] = []

    class Watched:
        """An event log that tells how much was taken of it and not acknowledged."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ports.event_log, name)

        @asynccontextmanager
        async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[Any]:
            async with ports.event_log.subscribe(topics) as subscription:
                self.subscription = subscription
                yield self

        async def reassigned(self) -> None:
            await self.subscription.reassigned()

        async def take(self, limit: int) -> Any:
            deliveries = await self.subscription.take(limit)
            taken.append(len(deliveries))
            return deliveries

        async def acknowledge(self, deliveries: Sequence[Any]) -> None:
            taken.append(-len(deliveries))
            await self.subscription.acknowledge(deliveries)

    async with api_of(evolve(ports, event_log=cast(Any, Watched()))) as api:
        async with speaking(api.url, "stock", window=1) as worker:
            await worker.requests(1)
            assert sum(taken) <= 10 + 5 + 1
        app = App()

        @app.processor("stock")
        async def stock(given: Any) -> Any:
            return given

        async with working(api.url, app):
            assert {each.output["n"] for each in await answers(ports.event_log, 100)} == set(range(100))


async def test_who_is_sent_away_while_a_desk_is_opened_leaves_the_address_to_others() -> None:
    ports = memory_ports()
    opening, has_left = anyio.Event(), anyio.Event()

    class Slow:
        """An event log that takes its time to subscribe."""

        @asynccontextmanager
        async def subscribe(self, topics: Sequence[str]) -> AsyncIterator[Any]:
            opening.set()
            try:
                await anyio.sleep_forever()
                yield
            finally:
                has_left.set()

    desks = desk.Desks(event_log=cast(Any, Slow()), seen_ledger=ports.seen_ledger, clock=ports.clock, metrics=Metrics())

    async def sit() -> None:
        async with desks.of(STOCK).sit(Seat(1, give=_ignore, cancel=_ignore, fail=_ignore), []):
            pytest.fail("it cannot be open")

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sit)
            await opening.wait()
            tasks.cancel_scope.cancel()
        assert has_left.is_set()


def _ignore(said: object) -> None:
    del said


async def test_what_a_worker_says_while_it_is_sent_away_is_no_bug() -> None:
    """It had not heard of that yet."""
    ports = memory_ports()
    platform = platform_over(ports)
    said: deque[dict[str, Any]] = deque([{"type": "websocket.connect"}])
    hello = {"type": "hello", "protocol": PROTOCOL, "serves": {str(STOCK): 1}}
    has_more, is_welcome, may_close = anyio.Event(), anyio.Event(), anyio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal has_more
        while not said:
            has_more = anyio.Event()
            await has_more.wait()
        return said.popleft()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            is_welcome.set()
        if message["type"] == "websocket.close":
            say({"type": "drain"})
            say({"type": "drain"})
            await may_close.wait()

    def say(frame: dict[str, Any]) -> None:
        said.append({"type": "websocket.receive", "text": write_json(frame).decode()})
        has_more.set()

    socket = WebSocket({"type": "websocket", "headers": [], "path": "/"}, receive, send)
    await socket.accept()
    failing = Failing(ports.seen_ledger, "recall")
    failing.error = Unavailable("seen ledger", "the disk is gone")
    desks = desk.Desks(
        event_log=ports.event_log, seen_ledger=cast(Any, failing), clock=ports.clock, metrics=platform.metrics
    )
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(WorkConnection(socket, desks, platform).serve)
            say(hello)
            await is_welcome.wait()
            await ports.event_log.publish([request(1, version=2)])
            await anyio.wait_all_tasks_blocked()
            assert failing.failed == 1
            may_close.set()
