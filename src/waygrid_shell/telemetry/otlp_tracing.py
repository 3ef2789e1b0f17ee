"""Spans sent by OTLP over HTTP. Importing this imports the SDK of OpenTelemetry: `exporting` is for who needs it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import anyio
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.status import Status, StatusCode

from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.trace_context import trace_within
from waygrid_core.history.status import shown_status
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.telemetry.current import CurrentAttempt
from waygrid_shell.telemetry.tracing import AttemptSpan, TraversalSpan

_SCOPE: Final = InstrumentationScope("waygrid")

_QUEUED: Final = 20_000
"""Spans that may wait to be sent. More are dropped: a plant does not wait for whoever watches it."""


class OtlpTracing:
    """See `waygrid_shell.telemetry.tracing.Tracing`. A thread of its own sends what has gathered, every few seconds."""

    is_on: Final = True

    def __init__(self, endpoint: str | None, service_name: str) -> None:
        """`endpoint` is the base URL of a collector; None: where OpenTelemetry's own variables say."""
        url = None if endpoint is None else f"{endpoint.rstrip('/')}/v1/traces"
        self._processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=url), max_queue_size=_QUEUED)
        self._resource = Resource.create({"service.name": service_name})
        self.provider = TracerProvider(resource=self._resource, shutdown_on_exit=False)
        self.provider.add_span_processor(self._processor)
        self._tracer = self.provider.get_tracer(_SCOPE.name)

    def serve_everybody(self) -> None:
        """Have the spans of users' own code sent too, unless it has brought a provider of its own."""
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(self.provider)

    def traversal_ended(self, span: TraversalSpan) -> None:
        context = _context(trace_within(span.traversal, span.root, span.given))
        attributes: dict[str, str] = {
            "waygrid.traversal.id": span.traversal,
            "waygrid.traversal.status": shown_status(span.status),
            "waygrid.traversal.root": span.root,
        }
        if span.name is not None:
            attributes["waygrid.traversal.name"] = span.name
        if span.dag is not None:
            attributes["waygrid.dag"] = span.dag
        self._processor.on_end(
            ReadableSpan(
                name=f"traversal {span.name}" if span.name else "traversal",
                context=context,
                parent=None if span.given is None else _context(span.given),
                resource=self._resource,
                attributes=attributes if span.error is None else {**attributes, "error.type": span.error.code},
                kind=SpanKind.INTERNAL,
                status=Status(StatusCode.OK if span.status == "Completed" else StatusCode.ERROR),
                start_time=_nanoseconds(span.begun_at),
                end_time=_nanoseconds(span.ended_at),
                instrumentation_scope=_SCOPE,
            )
        )

    @contextmanager
    def attempt(self, attempt: CurrentAttempt) -> Iterator[AttemptSpan]:
        inside = None
        if attempt.trace is not None:
            inside = trace.set_span_in_context(NonRecordingSpan(_context(attempt.trace)))
        span = self._tracer.start_span(
            f"attempt {attempt.address}",
            context=inside,
            kind=SpanKind.CONSUMER,
            attributes={
                "waygrid.traversal.id": attempt.traversal,
                "waygrid.node": attempt.node,
                "waygrid.attempt": attempt.attempt,
                "waygrid.address": str(attempt.address),
            },
        )
        with trace.use_span(span, end_on_exit=True, record_exception=False):
            yield _Attempt(span)

    async def close(self, within_seconds: float) -> bool:
        """Send what has not been sent; whether that was done in time. What was not is lost."""
        loop, closed = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self.provider.shutdown()
            if not loop.is_closed():
                loop.call_soon_threadsafe(closed.set)

        threading.Thread(target=shut_down, name="waygrid-tracing-end", daemon=True).start()
        with anyio.move_on_after(within_seconds):
            await closed.wait()
        return closed.is_set()


class _Attempt:
    """See `AttemptSpan`. The message of an error stays out of traces: it may repeat what a user sent."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def failed(self, error: ErrorDetail) -> None:
        self._span.set_attribute("error.type", error.code)
        self._span.set_status(StatusCode.ERROR)


def _context(given: Trace) -> SpanContext:
    _, trace_id, span_id, flags = given.traceparent.split("-")
    return SpanContext(
        trace_id=int(trace_id, 16),
        span_id=int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=TraceState.from_header([given.tracestate]) if given.tracestate else None,
    )


def _nanoseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000_000) * 1_000
