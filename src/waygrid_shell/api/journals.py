"""Journals: a traversal with all that it began, as one document, out of one platform and into another."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from waygrid_core.history.journal_file import read_journal
from waygrid_core.outcome import Failure
from waygrid_shell.api.auditing import about
from waygrid_shell.api.operation import Answer, Handle, Operation
from waygrid_shell.api.parameters import ID
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import JSON, invalid, no_traversal, read_data, respond, traversal_id
from waygrid_shell.resources.history import Imported
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.resources.submission import SpecError
from waygrid_shell.services.history.export import NotImported, exported, take_in


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be done with journals."""
    return (
        Operation(
            method="GET",
            path=f"{TRAVERSALS}/{{id}}/journal",
            name="exportJournal",
            tag="traversals",
            summary="Export the journal of a traversal, and of all that it began, as one document",
            description="With every decision and the DAGs: enough to make each state again, anywhere. It holds "
            "payloads and outputs, and no secret.",
            scope="read",
            handle=_export(platform),
            parameters=(ID,),
            answers={200: Answer(says="The journal.", media_type="application/json")},
        ),
        Operation(
            method="POST",
            path="/v1/journals",
            name="importJournal",
            tag="traversals",
            summary="Take in an exported journal, to look at it here",
            description="Nothing is run. Traversals that have not ended are refused: 409.",
            scope="admin",
            handle=_import(platform),
            body_types=(JSON,),
            answers={201: Answer(says="It is kept.", document=Imported)},
        ),
    )


def _export(platform: Platform) -> Handle:
    async def export_journal(request: Request) -> Response:
        traversal = traversal_id(request)
        pieces = await exported(platform.journal, platform.dag_store, traversal)
        if pieces is None:
            raise no_traversal(traversal)
        return StreamingResponse(pieces, media_type=JSON)

    return export_journal


def _import(platform: Platform) -> Handle:
    async def import_journal(request: Request) -> Response:
        read = read_journal(await read_data(request), platform.dag_store.extensions)
        if isinstance(read, Failure):
            raise invalid([SpecError(code="bad-journal", pointer="", message=read.failure())])
        file = read.unwrap()
        try:
            await take_in(platform.journal, platform.dag_store, file)
        except NotImported as reason:
            raise Refusal(409, "not-imported", "The journal cannot be taken in", str(reason)) from reason
        about(request, file.traversal)
        traversals = tuple(each.traversal for each in file.traversals)
        return respond(Imported(traversal=file.traversal, traversals=traversals), 201)

    return import_journal
