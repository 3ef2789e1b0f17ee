"""Traces as a collector sees them: a traversal is a span in the trace of its request, an attempt a span inside it."""

import logging
import subprocess
import sys
from typing import Any

import anyio
import pytest
from opentelemetry import trace

from tests.integration.plant.running import work
from tests.integration.telemetry.collector import Collector, Seen
from tests.integration.telemetry.plant import run_requests
from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.trace_context import span_id
from waygrid_shell.processors.function import App, Attempt, Failed
from waygrid_shell.telemetry.current import add_attempt
from waygrid_shell.telemetry.otlp_tracing import OtlpTracing
from waygrid_shell.telemetry.tracing import current_traceparent

pytestmark = pytest.mark.anyio

GIVEN = Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


async def traced(collector: Collector, document: dict[str, Any], app: App, given: Trace | None) -> dict[str, Seen]:
    """The spans of one traversal by name; those of attempts by what they did."""
    tracing = OtlpTracing(collector.url, "shop")
    await run_requests(document, app, [given], tracing=tracing)
    assert await tracing.close(10)
    return {span.name: span for span in collector.spans}


async def test_a_traversal_is_a_span_in_the_trace_of_its_request_and_attempts_are_its_children(
    collector: Collector,
) -> None:
    app = App()

    @app.processor("flaky")
    async def flaky(given: Any, attempt: Attempt) -> Any:
        if attempt.attempt == 1:
            raise Failed("busy", "the text of a user's order")
        return {}

    retry = {"type": "Linear", "base": "1ms", "maxRetries": 1}
    document = {"entryPoints": [work("flaky", retryPolicy=retry)]}
    tracing = OtlpTracing(collector.url, "shop")
    (traversal,) = await run_requests(document, app, [GIVEN], tracing=tracing, name="order-7")
    assert await tracing.close(10)
    whole, first, second = sorted(collector.spans, key=lambda span: span.begun)
    assert whole.name == "traversal order-7"
    assert {span.trace for span in collector.spans} == {GIVEN.traceparent[3:35]}
    assert {span.service for span in collector.spans} == {"shop"}
    assert (whole.parent, whole.span) == ("00f067aa0ba902b7", span_id(traversal))
    assert whole.attributes["waygrid.traversal.id"] == traversal
    assert whole.attributes["waygrid.traversal.name"] == "order-7"
    assert whole.attributes["waygrid.traversal.status"] == "completed"
    assert len(whole.attributes["waygrid.dag"]) == 64
    assert first.parent == second.parent == whole.span
    assert (first.attributes["waygrid.attempt"], second.attributes["waygrid.attempt"]) == (1, 2)
    assert first.attributes["error.type"] == "busy"
    assert "order" not in str(first.attributes)
    assert (whole.status, first.status, second.status) == (1, 2, 0)
    assert whole.begun <= first.begun <= first.ended <= second.begun <= second.ended
    assert whole.ended >= second.begun


async def test_children_are_spans_inside_the_traversal_that_called_them(collector: Collector) -> None:
    app = App()
    app.processor("inner")(lambda given: given)
    document = {"entryPoints": [{"type": "call", "body": work("inner")}]}
    spans = await traced(collector, document, app, None)
    parent, child = sorted((each for each in collector.spans if each.name.startswith("traversal")), key=_depth)
    assert (parent.parent, child.parent) == ("", parent.span)
    assert spans["attempt waygrid://processor/inner"].parent == child.span
    assert len({span.trace for span in collector.spans}) == 1


def _depth(span: Seen) -> int:
    return 1 if span.parent else 0


async def test_a_handlers_own_spans_and_its_requests_are_inside_its_attempt_in_threads_too(
    collector: Collector,
) -> None:
    app = App()
    tracing = OtlpTracing(collector.url, "shop")
    own = tracing.provider.get_tracer("shop")
    sent: list[str | None] = []

    @app.processor("async")
    async def in_the_loop(given: Any) -> Any:
        with own.start_as_current_span("look up"):
            await anyio.sleep(0)
            sent.append(current_traceparent())
        return {}

    @app.processor("sync")
    def in_a_thread(given: Any) -> Any:
        with own.start_as_current_span("charge"):
            sent.append(current_traceparent())
        return {}

    document = {"entryPoints": [work("async", onSuccess=work("sync"))]}
    await run_requests(document, app, [None], tracing=tracing)
    assert await tracing.close(10)
    spans = {span.name: span for span in collector.spans}
    assert spans["look up"].parent == spans["attempt waygrid://processor/async"].span
    assert spans["charge"].parent == spans["attempt waygrid://processor/sync"].span
    assert sent == [f"00-{spans[name].trace}-{spans[name].span}-01" for name in ("look up", "charge")]
    assert not trace.get_current_span().get_span_context().is_valid


async def test_a_caller_that_does_not_sample_is_not_recorded(collector: Collector) -> None:
    app = App()
    app.processor("a")(lambda given: given)
    unsampled = Trace(GIVEN.traceparent[:-2] + "00")
    assert await traced(collector, {"entryPoints": [work("a")]}, app, unsampled) == {}


async def test_without_an_exporter_an_attempt_knows_its_trace_all_the_same() -> None:
    app = App()
    sent: list[str | None] = []

    @app.processor("a")
    async def a(given: Any) -> Any:
        sent.append(current_traceparent())
        return {}

    (traversal,) = await run_requests({"entryPoints": [work("a")]}, app, [GIVEN])
    assert sent == [f"{GIVEN.traceparent[:35]}-{span_id(traversal)}-01"]
    assert current_traceparent() is None


async def test_a_collector_that_hangs_holds_up_neither_traversals_nor_the_end(collector: Collector) -> None:
    app = App()
    app.processor("a")(lambda given: given)
    collector.hangs = True
    tracing = OtlpTracing(collector.url, "shop")
    await run_requests({"entryPoints": [work("a")]}, app, [None] * 20, tracing=tracing)
    assert not await tracing.close(0.05)


def test_where_no_endpoint_is_given_the_sdk_is_not_even_imported() -> None:
    code = (
        "import sys, anyio, waygrid_shell.runtime.embedded\n"
        "from waygrid_shell.telemetry.exporting import open_tracing\n"
        "async def main():\n"
        "    async with open_tracing(None, 'shop') as tracing:\n"
        "        assert not tracing.is_on\n"
        "anyio.run(main)\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={"PATH": ""})
    assert done.returncode == 0, done.stderr


async def test_a_line_that_a_handler_logs_says_which_attempt_it_belongs_to() -> None:
    lines: list[Any] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(add_attempt(log, "warning", {"message": record.getMessage()}))

    handler = Keep()
    log = logging.getLogger("tests.shop")
    log.addHandler(handler)
    app = App()

    @app.processor("async")
    async def in_the_loop(given: Any) -> Any:
        log.warning("looked up")
        return {}

    @app.processor("sync")
    def in_a_thread(given: Any) -> Any:
        log.warning("charged")
        return {}

    document = {"entryPoints": [work("async", onSuccess=work("sync"))]}
    try:
        (traversal,) = await run_requests(document, app, [None])
    finally:
        log.removeHandler(handler)
    assert [(line["message"], line["traversal"], line["attempt"]) for line in lines] == [
        ("looked up", traversal, 1),
        ("charged", traversal, 1),
    ]
    assert len({line["node"] for line in lines}) == 2
