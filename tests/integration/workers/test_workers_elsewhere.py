"""A user's functions behind a connection: they are called as they are in the process of the plant."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.integration.api.serving import Api, serving
from tests.integration.plant.running import work
from tests.integration.workers.elsewhere import speaking, working
from waygrid_shell.adapters.host.secret_vault import EnvironmentSecretVault
from waygrid_shell.ports.live_feed import Progress
from waygrid_shell.processors.function import App, Attempt, Failed
from waygrid_shell.runtime.remote_wiring import ServerRefused, remote_ports, work_url
from waygrid_shell.runtime.wiring import Ports, memory_ports

pytestmark = pytest.mark.anyio


def spec(service: str, **fields: Any) -> dict[str, Any]:
    return {"entryPoints": [work(service, **fields)]}


async def test_functions_answer_fail_and_time_out_as_they_do_in_one_process(api: Api) -> None:
    app = App()

    @app.processor("double")
    def double(given: Any) -> Any:
        return given["n"] * 2

    @app.processor("refuse")
    async def refuse(given: Any) -> Any:
        raise Failed("no-stock", "none left")

    @app.processor("hang", timeout="50ms")
    async def hang(given: Any) -> Any:
        await anyio.sleep_forever()

    @app.processor("garbage")
    def garbage(given: Any) -> Any:
        return object()

    async with working(api.url, app):
        assert (await api.outcome(spec("double"), payload={"n": 21}))["output"] == 42
        codes = [(await api.outcome(spec(name)))["error"]["code"] for name in ("refuse", "hang", "garbage")]
        assert codes == ["no-stock", "timeout", "bad-output"]


async def test_many_traversals_are_shared_and_all_end(api: Api) -> None:
    made: dict[str, list[str]] = {"one": [], "other": []}

    def app_of(name: str) -> App:
        app = App()

        @app.processor("item", concurrency=4)
        async def item(given: Any, attempt: Attempt) -> Any:
            made[name].append(attempt.attempt_key)
            await anyio.sleep(0.002)
            return given

        return app

    each = {"type": "each", "id": "all", "over": {"$from": "/payload/items"}, "body": work("item")}
    async with working(api.url, app_of("one")), working(api.url, app_of("other")):
        ended = await api.outcome({"entryPoints": [each]}, payload={"items": list(range(300))})
    assert ended["status"] == "completed"
    assert len(ended["output"]) == 300
    assert made["one"]
    assert made["other"]
    assert len({*made["one"], *made["other"]}) == len(made["one"]) + len(made["other"]) == 300


async def test_a_long_attempt_elsewhere_is_canceled(api: Api) -> None:
    app = App()
    began, stopped = anyio.Event(), anyio.Event()

    @app.processor("long")
    async def long(given: Any) -> Any:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    async with working(api.url, app):
        traversal = await api.submit(spec("long"))
        with anyio.fail_after(20):
            await began.wait()
            await api.ask("POST", f"/v1/traversals/{traversal}/cancel")
            await stopped.wait()
            assert (await api.ended(traversal))["status"] == "canceled"
            while await api.platform.event_log.backlog():
                await anyio.sleep(0.01)


async def test_a_secret_is_looked_up_where_it_is_used(api: Api) -> None:
    app = App()

    @app.processor("open")
    def open_it(given: Any, attempt: Attempt) -> Any:
        return {"length": len(str(attempt.parameters["pin"]))}

    vault = EnvironmentSecretVault({"WAYGRID_SECRET_SHOP_PIN": "12345"})
    async with working(api.url, app, vault=vault):
        ended = await api.outcome(spec("open", parameters={"pin": {"$secret": {"path": "shop/pin"}}}))
    assert ended["output"] == {"length": 5}


async def test_whoever_watches_hears_what_a_function_elsewhere_tells(api: Api) -> None:
    app = App()

    @app.processor("count")
    async def count(given: Any, attempt: Attempt) -> Any:
        for number in range(3):
            attempt.tell({"done": number})
        return {}

    async with api.platform.live_feed.watch() as told, working(api.url, app):
        traversal = await api.submit(spec("count"))
        heard: list[Any] = []
        with anyio.fail_after(20):
            while len(heard) < 3:
                heard += [each for each in await anext(told) if isinstance(each, Progress)]
    assert [each.data for each in heard] == [{"done": 0}, {"done": 1}, {"done": 2}]
    assert {(each.traversal, each.root, each.attempt) for each in heard} == {(traversal, traversal, 1)}


async def test_the_trace_of_a_request_goes_to_the_worker_and_back(api: Api) -> None:
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with speaking(api.url, "traced") as worker:
        reply = await api.ask("POST", "/v1/traversals", {"spec": spec("traced")}, headers={"traceparent": traceparent})
        assert reply.status == 202
        (request,) = await worker.requests(1)
        assert request["headers"]["traceparent"].split("-")[1] == traceparent.split("-")[1]


async def test_a_worker_that_loses_its_connection_goes_on_with_what_it_has(api: Api) -> None:
    app = App()
    made: list[str] = []
    may_end = anyio.Event()

    @app.processor("long")
    async def long(given: Any, attempt: Attempt) -> Any:
        made.append(attempt.attempt_key)
        await may_end.wait()
        return {"made": len(made)}

    async with breaking(api.url) as line, working(line.url, app):
        traversal = await api.submit(spec("long"))
        with anyio.fail_after(20):
            while not made:
                await anyio.sleep(0.01)
            for times in range(1, 4):
                await line.cut()
                while line.connections <= times:
                    await anyio.sleep(0.01)
        may_end.set()
        assert (await api.ended(traversal))["output"] == {"made": 1}


async def test_an_answer_that_was_made_without_a_connection_is_sent_on_the_next(api: Api) -> None:
    app = App()
    made: list[str] = []
    may_end, has_ended = anyio.Event(), anyio.Event()

    @app.processor("long")
    async def long(given: Any, attempt: Attempt) -> Any:
        made.append(attempt.attempt_key)
        await may_end.wait()
        has_ended.set()
        return {"made": len(made)}

    async with breaking(api.url) as line, working(line.url, app):
        traversal = await api.submit(spec("long"))
        with anyio.fail_after(20):
            while not made:
                await anyio.sleep(0.01)
            line.is_open = False
            await line.cut()
            may_end.set()
            await has_ended.wait()
            line.is_open = True
        assert (await api.ended(traversal))["output"] == {"made": 1}
        assert len(made) == 1


async def test_a_worker_waits_for_an_address_that_somebody_else_serves(
    ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    app = App()

    @app.processor("shared")
    def shared(given: Any) -> Any:
        return {"by": "elsewhere"}

    caplog.set_level(logging.WARNING)
    async with serving(ports) as api, working(api.url, app):
        async with ports.event_log.subscribe(["processor.shared"]):
            with anyio.fail_after(20):
                while "read already" not in caplog.text:
                    await anyio.sleep(0.01)
        assert (await api.outcome(spec("shared")))["output"] == {"by": "elsewhere"}


async def test_a_worker_that_is_refused_says_why_and_ends() -> None:
    async def turn_away(socket: ServerConnection) -> None:
        await socket.close(4426, "this server speaks version 2 of the protocol, not 1")

    async with serve(turn_away, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ports = remote_ports(f"http://127.0.0.1:{port}", serves={}, key=None, name="")
        with pytest.raises(ServerRefused, match="speaks version 2"):
            await ports.link.run()


@pytest.mark.parametrize("url", ["127.0.0.1:8400", "ftp://x", "http://", ""])
def test_what_is_no_address_of_a_server_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="is no address of a server"):
        work_url(url)


async def test_a_worker_follows_its_server_to_another_that_knows_nothing() -> None:
    app = App()

    @app.processor("count")
    def count(given: Any) -> Any:
        return {}

    async with (
        serving(memory_ports()) as first,
        serving(memory_ports()) as second,
        breaking(first.url) as line,
        working(line.url, app),
    ):
        assert (await first.outcome(spec("count")))["status"] == "completed"
        line.target = second.url
        await line.cut()
        assert (await second.outcome(spec("count")))["status"] == "completed"


class Line:
    """Stands between workers and their server, and can be cut."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.connections = 0
        self.is_open = True
        self.target = target
        self._scopes: set[anyio.CancelScope] = set()

    async def cut(self) -> None:
        """Drop all connections, without a word."""
        for scope in list(self._scopes):
            scope.cancel()
        while self._scopes:
            await anyio.sleep(0)

    async def carry(self, near: Any) -> None:
        """One connection, to its end."""
        async with near:
            if not self.is_open:
                return
            host, _, port = self.target.removeprefix("http://").partition(":")
            with anyio.CancelScope() as scope:
                self._scopes.add(scope)
                try:
                    async with await anyio.connect_tcp(host, int(port)) as far, anyio.create_task_group() as tasks:
                        self.connections += 1
                        tasks.start_soon(_copy, near, far, scope)
                        tasks.start_soon(_copy, far, near, scope)
                finally:
                    self._scopes.discard(scope)


async def _copy(source: Any, target: Any, scope: anyio.CancelScope) -> None:
    try:
        async for data in source:
            await target.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    scope.cancel()


@asynccontextmanager
async def breaking(target: str) -> AsyncIterator[Line]:
    """A line to that server."""
    line = Line(target)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    line.url = f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, line.carry)
        yield line
        tasks.cancel_scope.cancel()
