"""The audit: who asked for what to be changed, and what was answered."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_shell.api.listing import next_page
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.parameters import LIMIT
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import limit_of, respond, whole_number
from waygrid_shell.ports.audit_log import Audited
from waygrid_shell.resources.principals import AuditPage, AuditView

_MOST: Final = 2**63 - 1


def operations(platform: Platform) -> tuple[Operation, ...]:
    """Read it."""

    async def read_audit(request: Request) -> Response:
        limit = limit_of(request)
        found = await platform.audit_log.read(
            before=whole_number(request, "after", _MOST, 1, _MOST),
            limit=limit + 1,
            principal=request.query_params.get("principal"),
            subject=request.query_params.get("subject"),
        )
        shown = found[:limit]
        following = next_page(request, str(shown[-1].number)) if len(found) > limit else None
        return respond(AuditPage(items=tuple(map(_view, shown)), next=following))

    return (
        Operation(
            method="GET",
            path="/v1/audit",
            name="readAudit",
            tag="principals",
            summary="Tell who asked for what, the newest first",
            description="Of every operation that changes something: granted, or the code of the refusal.",
            scope="admin",
            handle=read_audit,
            parameters=(
                Parameter(name="principal", place="query", says="Only what that principal asked for."),
                Parameter(
                    name="subject", place="query", says="Only what was done to that: a traversal, by id; a principal."
                ),
                Parameter(
                    name="after",
                    place="query",
                    says="Only those with a lower id: how pages follow each other.",
                    schema={"type": "integer", "minimum": 1},
                ),
                LIMIT,
            ),
            answers={200: Answer(says="A page.", document=AuditPage)},
        ),
    )


def _view(audited: Audited) -> AuditView:
    entry = audited.entry
    return AuditView(
        id=audited.number,
        at=entry.at,
        principal=entry.principal,
        action=entry.action,
        subject=entry.subject,
        outcome=entry.outcome,
        address=entry.address,
    )
