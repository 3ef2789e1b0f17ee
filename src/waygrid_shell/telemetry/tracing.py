"""Traces: a traversal is a span from its begin to its end, and each attempt a span inside it.

Spans are made only where an exporter is configured; `otlp_tracing` does that, and nothing else imports the SDK. The
context is carried in any case: whoever is called by an attempt learns which trace it is in.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Final, Protocol

from attrs import frozen

from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.telemetry.current import CURRENT_ATTEMPT, CurrentAttempt


@frozen(kw_only=True)
class TraversalSpan:
    """A traversal or series that has ended. `given` is the context that its request came with."""

    traversal: TraversalId
    root: TraversalId
    given: Trace | None
    name: str | None
    dag: DagHash | None
    status: TraversalStatus
    error: ErrorDetail | None
    begun_at: datetime
    ended_at: datetime


class AttemptSpan(Protocol):
    """The span of an attempt that is being made."""

    def failed(self, error: ErrorDetail) -> None:
        """The attempt has failed."""
        ...


class Tracing(Protocol):
    """Makes spans. Never waits and never fails."""

    @property
    def is_on(self) -> bool:
        """Whether spans are made at all: if not, spare the trouble."""
        ...

    def traversal_ended(self, span: TraversalSpan) -> None:
        """Report a traversal."""
        ...

    def attempt(self, attempt: CurrentAttempt) -> AbstractContextManager[AttemptSpan]:
        """The span of an attempt, current inside the context and reported after it."""
        ...


class _NoTracing:
    is_on: Final = False

    def traversal_ended(self, span: TraversalSpan) -> None:
        del span

    @contextmanager
    def attempt(self, attempt: CurrentAttempt) -> Iterator[AttemptSpan]:
        del attempt
        yield self

    def failed(self, error: ErrorDetail) -> None:
        del error


NO_TRACING: Final[Tracing] = _NoTracing()


def current_trace() -> Trace | None:
    """The context for what is sent from here: of OpenTelemetry's current span, else of the attempt that runs here."""
    otel = sys.modules.get("opentelemetry.trace")  # nobody has a current span who has not imported it
    if otel is not None:
        context = otel.get_current_span().get_span_context()
        if context.is_valid:
            traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
            return Trace(traceparent, context.trace_state.to_header())
    current = CURRENT_ATTEMPT.get()
    return None if current is None else current.trace


def current_traceparent() -> str | None:
    """The `traceparent` header of a request that is sent from here; None outside of any trace."""
    trace = current_trace()
    return None if trace is None else trace.traceparent
