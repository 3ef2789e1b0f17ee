"""Specs: checked, and stored as DAGs."""

from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.spec.document import Format
from waygrid_core.spec.problem import SpecErrors
from waygrid_core.verify.report import document_of
from waygrid_core.verify.verification import verify
from waygrid_shell.api.auditing import about
from waygrid_shell.api.compiling import invalid_spec
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import (
    JSON,
    flag,
    media_type_of,
    read_bytes,
    respond,
    spec_errors,
    unsupported_media_type,
)
from waygrid_shell.origins.acceptance.compiling import compiled_text
from waygrid_shell.resources.submission import SpecVerdict

YAML: Final = "application/yaml"

_FORMATS: Final[dict[str, Format]] = {
    JSON: "json",
    YAML: "yaml",
    "application/x-yaml": "yaml",
    "text/yaml": "yaml",
    "text/x-yaml": "yaml",
}
_SAYS: Final = "The body is the Spec, as JSON or YAML. Bodies in it may name DAGs that are stored, by hash."


_VERIFIED_STATES: Final = 2_000
"""Of each graph: less than a second's work. `waygrid verify` takes its time."""

_VERIFY: Final = Parameter(
    name="verify",
    place="query",
    says="Go through the runs of the Spec too, and say what can go wrong, as `waygrid verify` does; of a large Spec "
    f"through {_VERIFIED_STATES} states of each graph, and then through runs at random.",
    schema={"type": "boolean", "default": False},
)


def operations(platform: Platform) -> tuple[Operation, ...]:
    """Say whether a Spec is right; keep one."""

    room = CapacityLimiter(1)

    async def validate(request: Request) -> Response:
        is_verified = flag(request, "verify")
        outcome = await _compiled(platform, request)
        if isinstance(outcome, Failure):
            return respond(SpecVerdict(valid=False, errors=spec_errors(outcome.failure())))
        compiled = outcome.unwrap()
        verification = await _verified(compiled, room) if is_verified else None
        return respond(SpecVerdict(valid=True, dag=compiled.dag.hash, verification=verification))

    async def store(request: Request) -> Response:
        outcome = await _compiled(platform, request)
        if isinstance(outcome, Failure):
            raise invalid_spec(outcome.failure())
        compiled = outcome.unwrap()
        await platform.dag_store.put(compiled)
        dag = compiled.dag.hash
        about(request, dag)
        return respond(SpecVerdict(valid=True, dag=dag), 201, {"Location": f"/v1/dags/{dag}"})

    return (
        Operation(
            method="POST",
            path="/v1/specs/validate",
            name="validateSpec",
            tag="specs",
            summary="Say whether a Spec is right, and all that is wrong with it",
            description=f"{_SAYS} Nothing is kept.",
            scope="read",
            handle=validate,
            parameters=(_VERIFY,),
            body_types=(JSON, YAML),
            answers={200: Answer(says="The verdict.", document=SpecVerdict)},
        ),
        Operation(
            method="POST",
            path="/v1/specs",
            name="storeSpec",
            tag="specs",
            summary="Compile a Spec and store its DAG, to be submitted by its hash",
            description=f"{_SAYS} Storing it again changes nothing.",
            scope="write",
            handle=store,
            body_types=(JSON, YAML),
            answers={201: Answer(says="It is stored.", document=SpecVerdict)},
        ),
    )


async def _compiled(platform: Platform, request: Request) -> Outcome[CompiledDag, SpecErrors]:
    media_type = media_type_of(request)
    written_in: Format | None = "json" if media_type.endswith("+json") else _FORMATS.get(media_type)
    if written_in is None:
        raise unsupported_media_type(media_type, f"{JSON}, or {YAML}")
    return await compiled_text(platform.dag_store, await read_bytes(request), written_in)


async def _verified(compiled: CompiledDag, room: CapacityLimiter) -> JsonValue:
    """In a thread, one at a time: others are served meanwhile."""

    def work() -> JsonValue:
        return dict(document_of(verify(compiled, budget=_VERIFIED_STATES)))

    return await anyio.to_thread.run_sync(work, limiter=room)
