"""Traversals: handed in, listed, shown."""

from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_shell.api import steering
from waygrid_shell.api.listing import PARAMETERS, next_page, query_of
from waygrid_shell.api.operation import Answer, Handle, Operation, Parameter
from waygrid_shell.api.parameters import ID, IDEMPOTENCY_KEY, TRACEPARENT, TRACESTATE, WAIT
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import (
    check_data,
    idempotency_key,
    invalid,
    no_traversal,
    read_body,
    respond,
    traversal_id,
    whole_number,
)
from waygrid_shell.api.submitting import accepted, checked_dag, name_of, trace_of, wait_of, wanted_by
from waygrid_shell.api.views import summary_of, view
from waygrid_shell.origins.acceptance.items import Wanted
from waygrid_shell.resources.document import to_json
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.resources.submission import Accepted, AcceptedBatch, Batch, SpecError, Submission
from waygrid_shell.resources.traversal import TraversalPage, TraversalView

MAX_BATCH = 10_000
"""Payloads of one batch; the limit on the body usually comes first."""

_VERSION = Parameter(
    name="at",
    place="query",
    says="As it was after that version of it.",
    schema={"type": "integer", "minimum": 0},
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be done with traversals, but for their history and what is told live."""
    return (
        _submission(platform, TRAVERSALS, "submitTraversal", "Submit a traversal"),
        _submission(platform, "/v1/ingest", "ingest", "Submit a traversal (the older name of POST /v1/traversals)"),
        Operation(
            method="POST",
            path=f"{TRAVERSALS}/batch",
            name="submitBatch",
            tag="traversals",
            summary="Submit many traversals of one Spec",
            description="All of them are taken in, or none.",
            scope="write",
            handle=_batch(platform),
            parameters=(IDEMPOTENCY_KEY, TRACEPARENT, TRACESTATE),
            body=Batch,
            answers={202: Answer(says="They are kept, and will run to their ends.", document=AcceptedBatch)},
        ),
        Operation(
            method="GET",
            path=TRAVERSALS,
            name="listTraversals",
            tag="traversals",
            summary="List traversals, the newest first",
            scope="read",
            handle=_list(platform),
            parameters=PARAMETERS,
            answers={200: Answer(says="A page.", document=TraversalPage)},
        ),
        Operation(
            method="GET",
            path=f"{TRAVERSALS}/{{id}}",
            name="getTraversal",
            tag="traversals",
            summary="Show a traversal: its state, nodes and outputs",
            scope="read",
            handle=_get(platform),
            parameters=(ID, _VERSION),
            answers={200: Answer(says="The traversal.", document=TraversalView)},
        ),
        *steering.operations(platform),
    )


def _submission(platform: Platform, path: str, name: str, summary: str) -> Operation:
    return Operation(
        method="POST",
        path=path,
        name=name,
        tag="traversals",
        summary=summary,
        description="Of a Spec (its document, or its YAML or JSON as a text) or of a stored DAG, by hash.",
        scope="write",
        handle=_submit(platform),
        parameters=(WAIT, IDEMPOTENCY_KEY, TRACEPARENT, TRACESTATE),
        body=Submission,
        answers={
            200: Answer(says="It has ended within the time that `wait` gave.", document=TraversalView),
            202: Answer(says="It is kept, and will run to its end.", document=Accepted),
        },
    )


def _submit(platform: Platform) -> Handle:
    async def submit(request: Request) -> Response:
        wait = wait_of(request)
        submission = await read_body(request, Submission)
        check_data(submission.payload, "/payload")
        wanted = await wanted_by(platform, request, submission)
        (traversal,) = await platform.acceptance.take_in([wanted])
        platform.auditor.granted(request, traversal)
        return await accepted(platform, request, traversal, wanted.compiled.dag.hash, wait)

    return submit


def _batch(platform: Platform) -> Handle:
    async def submit_batch(request: Request) -> Response:
        batch = await read_body(request, Batch)
        if not 1 <= len(batch.payloads) <= MAX_BATCH:
            said = f"a batch has 1 to {MAX_BATCH} payloads, not {len(batch.payloads)}"
            raise invalid([SpecError(code="out-of-range", pointer="/payloads", message=said)])
        for index, payload in enumerate(batch.payloads):
            check_data(payload, f"/payloads/{index}")
        compiled = await checked_dag(platform, batch)
        key, trace = idempotency_key(request), trace_of(request)
        whole = "" if key is None else digest_hex(canonical_json(to_json(batch)))
        wanted = Wanted(
            compiled=compiled,
            payload=None,
            entry=batch.entry,
            name=name_of(batch, compiled),
            labels=batch.labels,
            trace=trace,
            request=whole,
        )
        traversals = await platform.acceptance.take_in(
            [
                evolve(wanted, payload=payload, idempotency_key=None if key is None else f"{key}\n{index}")
                for index, payload in enumerate(batch.payloads)
            ]
        )
        platform.auditor.granted(request, *traversals)
        return respond(AcceptedBatch(dag=compiled.dag.hash, ids=tuple(traversals)), 202)

    return submit_batch


def _list(platform: Platform) -> Handle:
    async def list_traversals(request: Request) -> Response:
        query = query_of(request)
        found = await platform.journal.search(evolve(query, limit=query.limit + 1))  # one more: is there a next page?
        shown = found[: query.limit]
        following = next_page(request, shown[-1].traversal) if len(found) > len(shown) else None
        return respond(TraversalPage(items=tuple(summary_of(each) for each in shown), next=following))

    return list_traversals


def _get(platform: Platform) -> Handle:
    async def get_traversal(request: Request) -> Response:
        traversal = traversal_id(request)
        at = whole_number(request, "at", 0, 0, 2**53) if "at" in request.query_params else None
        shown = await view(platform, traversal, at)
        if shown is None:
            raise no_traversal(traversal)
        return respond(shown)

    return get_traversal
