"""Whether the platform is there, and whether it can serve; for those who watch over processes."""

from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response

from waygrid_shell.api.access import require
from waygrid_shell.api.operation import Answer, Operation
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import respond
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.resources.platform import Health


def operations(platform: Platform) -> tuple[Operation, ...]:
    """Live, ready."""

    async def is_live(request: Request) -> Response:
        return respond(await _health(platform, request))

    async def is_ready(request: Request) -> Response:
        health = await _health(platform, request)
        return respond(health, 200 if health.ready else 503)

    return (
        Operation(
            method="GET",
            path="/health/live",
            name="isLive",
            tag="platform",
            summary="Whether the process lives",
            description="It answers 200 as long as it answers; if it does not, the process is to be started again.",
            scope=None,
            handle=is_live,
            answers={200: Answer(says="It lives.", document=Health)},
        ),
        Operation(
            method="GET",
            path="/health/ready",
            name="isReady",
            tag="platform",
            summary="Whether the platform can take work",
            description="Reasons are told to whoever may read.",
            scope=None,
            handle=is_ready,
            answers={
                200: Answer(says="It can.", document=Health),
                503: Answer(says="It cannot now; `reasons` says why.", document=Health),
            },
        ),
    )


async def _health(platform: Platform, request: Request) -> Health:
    health = platform.health()
    try:
        await require(platform, request, "read")
    except (Refusal, PortFailure):
        return evolve(health, reasons=())
    return health
