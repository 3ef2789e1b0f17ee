"""Where traces go: nowhere, unless an endpoint is given."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from waygrid_shell.telemetry.tracing import NO_TRACING, Tracing

FLUSH_SECONDS: Final = 5.0
"""How long the end of a plant waits for spans to be sent."""

_ENVIRONMENT: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@asynccontextmanager
async def open_tracing(endpoint: str | None, service_name: str) -> AsyncIterator[Tracing]:
    """Tracing to `endpoint`, or else where OpenTelemetry's own variables say; spans are sent before it closes."""
    if endpoint is None and not any(os.environ.get(name) for name in _ENVIRONMENT):
        yield NO_TRACING
        return
    from waygrid_shell.telemetry.otlp_tracing import OtlpTracing  # the SDK costs a tenth of a second to import

    tracing = OtlpTracing(endpoint, service_name)
    tracing.serve_everybody()
    try:
        yield tracing
    finally:
        await tracing.close(FLUSH_SECONDS)
