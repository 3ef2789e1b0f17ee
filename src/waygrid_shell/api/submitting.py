"""From a submission to a traversal that is wanted; and back, to what is said of it."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.envelope.stamps import Trace, parse_trace
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.outcome import Failure
from waygrid_shell.api.compiling import wanted_dag
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import bad_parameter, idempotency_key, invalid, respond
from waygrid_shell.api.views import view
from waygrid_shell.origins.acceptance.items import Wanted
from waygrid_shell.origins.acceptance.naming import MAX_NAME, problems_of_labels, problems_of_name
from waygrid_shell.resources.links import links_of, path_of
from waygrid_shell.resources.submission import Accepted, Batch, SpecError, Submission

MAX_WAIT: Final = timedelta(seconds=60)
"""How long a request may wait for the outcome; proxies and clients give up at about this."""

_MAX_TRACESTATE: Final = 512
_NO_TIME: Final = re.compile(r"0+(\.0+)?(ms|s|m|h|d)?")


async def wanted_by(platform: Platform, request: Request, submission: Submission) -> Wanted:
    """The traversal that a request wants. Raises `Refusal` with all that is wrong."""
    compiled = await checked_dag(platform, submission)
    return Wanted(
        compiled=compiled,
        payload=submission.payload,
        entry=submission.entry,
        name=name_of(submission, compiled),
        labels=submission.labels,
        idempotency_key=idempotency_key(request),
        trace=trace_of(request),
    )


async def checked_dag(platform: Platform, given: Submission | Batch) -> CompiledDag:
    """The DAG of what was handed in, whose other fields are right. Raises `Refusal`."""
    problems = [*problems_of_name(given.name), *problems_of_labels(given.labels)]
    if problems:
        raise invalid(problems)
    compiled = await wanted_dag(platform.dag_store, given.spec, given.dag)
    entries = len(compiled.dag.entry_points)
    if not 0 <= given.entry < entries:
        said = f"there is no entry point {given.entry}; the Spec has {entries}, counted from 0"
        raise invalid([SpecError(code="out-of-range", pointer="/entry", message=said)])
    return compiled


def name_of(given: Submission | Batch, compiled: CompiledDag) -> str | None:
    """What a traversal is called: as its request says, else as its Spec does."""
    if given.name is not None:
        return given.name
    name = compiled.annotations.name
    return name[:MAX_NAME] if name else None


def trace_of(request: Request) -> Trace | None:
    """The trace that a request is part of. What vendors add is dropped if it is longer than W3C says it must pass."""
    traceparent = request.headers.get("traceparent")
    tracestate = request.headers.get("tracestate", "")
    if traceparent is None:
        return None
    return parse_trace(traceparent, tracestate if len(tracestate) <= _MAX_TRACESTATE else "")


def wait_of(request: Request) -> timedelta | None:
    """How long the request wants to wait for the outcome: `?wait=30s`, at most `MAX_WAIT`. Raises `Refusal` (400)."""
    text = request.query_params.get("wait")
    if text is None or _NO_TIME.fullmatch(text):
        return None
    parsed = parse_duration(text)
    if isinstance(parsed, Failure):
        raise bad_parameter("wait", parsed.failure())
    return min(parsed.unwrap(), MAX_WAIT)


async def accepted(
    platform: Platform, request: Request, traversal: TraversalId, dag: str, wait: timedelta | None
) -> Response:
    """What is said of a traversal that was taken in: its outcome, if it came within `wait`, else where to find it."""
    headers: Mapping[str, str] = {"Location": path_of(traversal)}
    if wait is not None and await _has_ended(platform, request, traversal, wait):
        outcome = await view(platform, traversal)
        if outcome is not None:
            return respond(outcome, 200, headers)
    return respond(Accepted(id=traversal, dag=dag, links=links_of(traversal)), 202, headers)


async def _has_ended(platform: Platform, request: Request, traversal: TraversalId, wait: timedelta) -> bool:
    """Whether it ended in time; who hangs up waits no longer."""
    has_ended = False
    async with anyio.create_task_group() as tasks:

        async def listen() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(listen)
        has_ended = await platform.endings.wait_for(traversal, wait.total_seconds())
        tasks.cancel_scope.cancel()
    return has_ended
