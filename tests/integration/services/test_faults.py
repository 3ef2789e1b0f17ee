"""What goes wrong in services, as the worker sees it: an attempt fails, and nothing else."""

import asyncio
import time
from typing import Any

import pytest
from aiohttp import web

from examples.agent.openai_stand_in import serve
from tests.integration.plant.running import compiled, run_one, run_spec, work
from tests.integration.services.attempts import raw_server, serving
from tests.integration.services.test_outbound import send_a_body_for_ever, send_headers_for_ever
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.live_feed import Progress
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.batch_run import BatchRun, Ended, Job
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.wiring import Ports, memory_ports
from waygrid_shell.settings.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def ports() -> Ports:
    return memory_ports()


def spec(node: dict[str, Any]) -> dict[str, Any]:
    return {"entryPoints": [node]}


async def code_of(ports: Ports, node: dict[str, Any], app: App | None = None) -> tuple[str, str]:
    ended = await run_one(ports, spec(node), app)
    assert ended.error is not None, ended
    return ended.error.code, ended.error.message


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_handler_that_never_returns_is_over_at_its_deadline_and_others_go_on(
    ports: Ports, is_async: bool
) -> None:
    app = App()
    if is_async:

        @app.processor("hangs", timeout="100ms", concurrency=1)
        async def hang(order: Any) -> Any:
            await asyncio.Event().wait()

    else:

        @app.processor("hangs", timeout="100ms", concurrency=1)
        def block(order: Any) -> Any:
            time.sleep(5)

    ended = await run_spec(ports, spec(work("hangs")), app, payloads=[{}] * 5)
    assert [each.summary.error.code for each in ended if each.summary.error] == ["timeout"] * 5
    assert (await run_one(ports, spec({"type": "standard", "address": "waygrid://destination/blackhole"}))).output == {}


async def test_a_handler_that_raises_fails_with_its_words(ports: Ports) -> None:
    app = App()

    @app.processor("raises")
    def raises(order: Any) -> Any:
        raise KeyError("no such order")

    code, message = await code_of(ports, work("raises"), app)
    assert code == "handler-error"
    assert "KeyError" in message


@pytest.mark.parametrize("output", [object(), {1: 2}, float("nan"), b"bytes", {"a": {1, 2}}, "\ud800", [[...]]])
async def test_a_handler_that_returns_what_is_no_json_gives_bad_output(ports: Ports, output: Any) -> None:
    app = App()

    @app.processor("odd")
    def odd(order: Any) -> Any:
        return output

    assert (await code_of(ports, work("odd"), app))[0] == "bad-output"


async def test_a_handler_that_returns_100_megabytes_gives_bad_output(ports: Ports) -> None:
    app = App()

    @app.processor("large")
    def large(order: Any) -> Any:
        return "x" * 100_000_000

    code, message = await code_of(ports, work("large"), app)
    assert code == "bad-output"
    assert "bytes" in message
    assert len(message) < 1_000


@pytest.mark.parametrize("service", ["processor/http", "destination/webhook"])
async def test_a_receiver_that_hangs_ends_with_the_timeout_of_the_node(ports: Ports, service: str) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(hang) as url:
        node = {"type": "standard", "address": f"waygrid://{service}", "parameters": {"url": url}, "timeout": "150ms"}
        assert (await code_of(ports, node))[0] == "timeout"


@pytest.mark.parametrize("speak", [send_headers_for_ever, send_a_body_for_ever])
async def test_a_service_that_never_stops_sending_costs_an_attempt(ports: Ports, speak: Any) -> None:
    async with raw_server(speak) as url:
        node = {
            "type": "standard",
            "address": "waygrid://processor/http",
            "parameters": {"url": url, "timeout": "1s"},
        }
        assert (await code_of(ports, node))[0] in ("unreachable", "bad-output")


async def test_a_receiver_that_redirects_to_a_private_address_gets_the_delivery_given_up(ports: Ports) -> None:
    reached: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    async with serving(inside) as secret_url:

        async def redirect(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": secret_url})

        async with serving(redirect) as url:
            node = {"type": "standard", "address": "waygrid://destination/webhook", "parameters": {"url": url}}
            code, message = await code_of(ports, node)
    assert (code, reached) == ("bad-value", [])
    assert "http-307" in message


async def test_the_wait_that_a_receiver_asks_for_is_over_with_the_timeout_of_the_node(ports: Ports) -> None:
    async def later(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "20"})

    async with serving(later) as url:
        parameters = {"url": url, "maxWait": "1h"}
        node = {
            "type": "standard",
            "address": "waygrid://destination/webhook",
            "parameters": parameters,
            "timeout": "200ms",
        }
        assert (await code_of(ports, node))[0] == "timeout"


async def test_without_a_setting_nothing_private_is_reached_and_no_policy_tries_it_again(ports: Ports) -> None:
    reached: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        reached.append(request.path)
        return web.Response()

    async with serving(inside) as url:
        for service in ("processor/http", "destination/webhook"):
            retry = {"type": "Linear", "base": "1h", "maxRetries": 3}
            node = {"type": "standard", "address": f"waygrid://{service}", "parameters": {"url": url}}
            dag = compiled(spec({**node, "retryPolicy": retry}))
            await ports.dag_store.put(dag)
            ended: list[Ended] = []
            async with asyncio.timeout(30), embedded_plant(ports, {}, Settings()) as plant:
                job = Job(compiled=dag, payloads=[Payload("#1", {})], entry=0, batch=service, events=(), concurrency=1)
                await BatchRun(plant, job, ended.append).run()
            ((error),) = [each.summary.error for each in ended]
            assert error is not None
            assert error.code == "bad-value"
            assert "--allow-network loopback" in error.message
    assert reached == []


async def test_what_a_model_says_piece_by_piece_is_heard_live_by_who_watches(ports: Ports) -> None:
    told: list[Any] = []
    listens = asyncio.Event()

    async def listen() -> None:
        async with ports.live_feed.watch() as feed:
            listens.set()
            async for each in feed:
                told.extend(one.data for one in each if isinstance(one, Progress))

    async with serve() as model:
        listening = asyncio.create_task(listen())
        await listens.wait()
        parameters = {"model": "m", "prompt": "one two", "baseUrl": model.url, "stream": True}
        ended: Any = await run_one(ports, spec(work("openai", parameters=parameters)))
        async with asyncio.timeout(10):
            while len(told) < 4:
                await asyncio.sleep(0.01)
        listening.cancel()
    assert ended.output["text"] == "You asked: one two"
    assert "".join(each["text"] for each in told) == "You asked: one two"
