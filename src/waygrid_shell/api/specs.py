"""Specs: checked, and stored as DAGs."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.spec.document import Format
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.api.compiling import invalid_spec
from waygrid_shell.api.operation import Answer, Operation
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import JSON, media_type_of, read_bytes, respond, spec_errors, unsupported_media_type
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


def operations(platform: Platform) -> tuple[Operation, ...]:
    """Say whether a Spec is right; keep one."""

    async def validate(request: Request) -> Response:
        outcome = await _compiled(platform, request)
        if isinstance(outcome, Failure):
            return respond(SpecVerdict(valid=False, errors=spec_errors(outcome.failure())))
        return respond(SpecVerdict(valid=True, dag=outcome.unwrap().dag.hash))

    async def store(request: Request) -> Response:
        outcome = await _compiled(platform, request)
        if isinstance(outcome, Failure):
            raise invalid_spec(outcome.failure())
        compiled = outcome.unwrap()
        await platform.dag_store.put(compiled)
        dag = compiled.dag.hash
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
