"""The OpenAPI 3.1 document, made from the tables of operations: what the router serves is what it says."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.codec.json_bytes import write_json
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.principals import PATH as PRINCIPALS
from waygrid_shell.api.problem_of import PROBLEM_JSON
from waygrid_shell.api.respond import JSON
from waygrid_shell.api.schemas import Schema, Schemas
from waygrid_shell.resources.links import TRAVERSALS
from waygrid_shell.resources.problem import Problem

_CONVERTER: Final = re.compile(r":\w+\}")

_DESCRIPTION: Final = """\
Takes traversals and events in, shows what became of them, and steers them.

What went wrong is told as RFC 9457 problems. Statuses of traversals: accepted, running, paused, completed, failed,
canceled, timed-out. Besides what is listed here there are WebSockets: /v1/channels/{name} and /v1/work.
"""

_TAGS: Final = {
    "traversals": "Submitted, listed, shown, steered, run again.",
    "events": "What awaits wait for.",
    "specs": "Checked, and stored as DAGs.",
    "dags": "Stored DAGs, by hash.",
    "principals": "Who has an API key, and who asked for what.",
    "dead letters": "Messages that nobody could handle.",
    "platform": "Health, metrics, this document.",
}

_STRUCTURED: Final = frozenset({JSON, "text/event-stream"})

_PROBLEMS: Final[Mapping[int, str]] = {
    400: "The request cannot be read: its body is no JSON, or a parameter is wrong.",
    401: "There is no API key, or one that is not known.",
    403: "The API key may not do this.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "It is not in a state for this.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "The request is not right: all that is wrong stands in `errors`.",
    429: "There is no room now; Retry-After says when to try again.",
    503: "The platform cannot answer now; Retry-After says when to try again.",
    507: "There is no room on the disk.",
}


def operations(platform: Platform, others: Sequence[Operation]) -> tuple[Operation, ...]:
    """The document that describes `others` and itself."""
    written: dict[bool, bytes] = {}

    async def get_openapi(_: Request) -> Response:
        return Response(written[await platform.keys.are_needed()], media_type=JSON)

    own = Operation(
        method="GET",
        path="/openapi.json",
        name="getOpenapi",
        tag="platform",
        summary="This document",
        scope=None,
        handle=get_openapi,
        answers={200: Answer(says="OpenAPI 3.1.", media_type=JSON)},
    )
    every, version = (*others, own), platform.health().version
    written |= {needs: write_json(document(every, version, needs_key=needs)) for needs in (False, True)}
    return (own,)


def plain_path(path: str) -> str:
    """A path as people and OpenAPI write it: without the converters of the router."""
    return _CONVERTER.sub("}", path)


def document(operations: Iterable[Operation], version: str, *, needs_key: bool) -> Any:
    """The OpenAPI document of these operations."""
    schemas = Schemas()
    problem = schemas.of(Problem)
    paths: dict[str, Schema] = {}
    tags: set[str] = set()
    for operation in operations:
        tags.add(operation.tag)
        path = paths.setdefault(plain_path(operation.path), {})
        path[operation.method.lower()] = _operation(operation, schemas, needs_key=needs_key)
    responses = {
        f"Problem{status}": {"description": says, "content": {PROBLEM_JSON: {"schema": problem}}}
        for status, says in _PROBLEMS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waygrid",
            "version": version or "0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag, "description": _TAGS.get(tag, tag)} for tag in sorted(tags)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": responses,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, of the settings or of a principal. Without any, none is needed.",
                }
            },
        },
    }


def _operation(operation: Operation, schemas: Schemas, *, needs_key: bool) -> Schema:
    scope = operation.scope
    needs = f"Needs the scope `{scope}`." if scope is not None else ""
    written: Schema = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": " ".join(part for part in (operation.description, needs) if part),
        "security": [] if scope is None else [{"key": []}] if needs_key else [{}, {"key": []}],
        "responses": _responses(operation, schemas),
    }
    if operation.parameters:
        written["parameters"] = [_parameter(each) for each in operation.parameters]
    content = _body(operation, schemas)
    if content:
        written["requestBody"] = {"required": not operation.is_body_optional, "content": content}
    return written


def _parameter(parameter: Parameter) -> Schema:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.says,
        "required": parameter.is_required or parameter.place == "path",
        "schema": dict(parameter.schema),
    }


def _body(operation: Operation, schemas: Schemas) -> Schema:
    if operation.body is not None:
        return {JSON: {"schema": schemas.of_request(operation.body)}}
    return {media_type: {"schema": {}} for media_type in operation.body_types}


def _responses(operation: Operation, schemas: Schemas) -> Schema:
    responses: Schema = {}
    for status, answer in sorted(operation.answers.items()):
        schema = _answer_schema(answer, schemas)
        media_types = (answer.media_type, *answer.other_media_types)
        responses[str(status)] = {
            "description": answer.says,
            "content": {each: {"schema": schema} for each in media_types},
        }
    for status in _problems_of(operation):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    return responses


def _answer_schema(answer: Answer, schemas: Schemas) -> Schema:
    if answer.document is not None and answer.media_type == JSON:
        return schemas.of(answer.document)
    return {} if answer.media_type in _STRUCTURED else {"type": "string"}


def _problems_of(operation: Operation) -> list[int]:
    """The problems that such an operation may answer with."""
    names = {parameter.name for parameter in operation.parameters}
    problems = {400, 503}
    if operation.scope is not None:
        problems |= {401, 403}
    if "{" in operation.path or operation.body is not None:  # a body may name a DAG
        problems |= {404}
    if operation.body is not None or operation.body_types:
        problems |= {408, 413, 415, 422, 429}
    if operation.path.startswith(PRINCIPALS) and operation.method != "GET":
        problems |= {409}
    if "Idempotency-Key" in names:
        problems |= {422, 429}
    if operation.method != "GET":
        problems |= {507}
    if operation.method == "POST" and operation.path.startswith(f"{TRAVERSALS}/{{id}}"):
        problems |= {409}
    return sorted(problems)
