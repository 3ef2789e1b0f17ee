"""The metrics, for Prometheus."""

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response

from waygrid_shell.api.operation import Answer, Operation
from waygrid_shell.api.platform import Platform


def operations(platform: Platform) -> tuple[Operation, ...]:
    """All metrics of `waygrid_shell.telemetry.names`."""

    async def get_metrics(_: Request) -> Response:
        return Response(platform.metrics.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return (
        Operation(
            method="GET",
            path="/metrics",
            name="getMetrics",
            tag="platform",
            summary="The metrics of this process, in the text format of Prometheus",
            scope="read",
            handle=get_metrics,
            answers={200: Answer(says="All of them.", media_type="text/plain")},
        ),
    )
