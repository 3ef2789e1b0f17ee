"""The processes of the platform, as they announce themselves."""

from starlette.requests import Request
from starlette.responses import Response

from waygrid_shell.api.operation import Answer, Operation
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import respond
from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.resources.processes import ProcessList, ProcessView


def operations(platform: Platform) -> tuple[Operation, ...]:
    """List them."""

    async def list_processes(request: Request) -> Response:
        del request
        present = await platform.presence.present()
        return respond(ProcessList(items=tuple(map(_view, present))))

    return (
        Operation(
            method="GET",
            path="/v1/processes",
            name="listProcesses",
            tag="platform",
            summary="List the processes that run, with what they serve and what ails them",
            description="One that was killed is listed for some seconds more.",
            scope="read",
            handle=list_processes,
            answers={200: Answer(says="All of them.", document=ProcessList)},
        ),
    )


def _view(process: ProcessInfo) -> ProcessView:
    return ProcessView(
        id=process.id,
        host=process.host,
        pid=process.pid,
        version=process.version,
        started_at=process.started_at,
        services=tuple(process.services),
        addresses=tuple(process.addresses),
        ailments=dict(process.ailments),
    )
