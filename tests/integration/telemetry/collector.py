"""A collector of traces: takes OTLP over HTTP, as protobuf, and keeps the spans."""

import gzip
from typing import Any

import anyio
from aiohttp import web
from attrs import frozen
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@frozen(kw_only=True)
class Seen:
    """A span as it came."""

    name: str
    trace: str
    span: str
    parent: str
    attributes: dict[str, Any]
    status: int
    begun: int
    ended: int
    service: str


class Collector:
    """See the module. While `hangs`, it answers nothing until it is let go."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Seen] = []
        self.hangs = False
        self.let_go = anyio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        assert (request.method, request.path) == ("POST", "/v1/traces")
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        assert request.content_type == "application/x-protobuf"
        if self.hangs:
            await self.let_go.wait()
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _attributes(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_seen(span, service) for span in scope.spans]
        return web.Response(body=b"", content_type="application/x-protobuf")


def _seen(span: Any, service: str) -> Seen:
    return Seen(
        name=span.name,
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_attributes(span.attributes),
        status=span.status.code,
        begun=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        service=service,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
