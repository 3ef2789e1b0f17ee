"""What operations read of a request, and how they answer: with documents of `waygrid_shell.resources`."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.json_pointer import write_pointer
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.model.ulid import is_ulid
from waygrid_core.outcome import Failure
from waygrid_core.spec.document import read_document
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.problem import SpecErrors
from waygrid_shell.api.access import principal
from waygrid_shell.api.problems import Refusal
from waygrid_shell.hosting.json_data import why_no_json
from waygrid_shell.origins.acceptance.compiling import is_dag_hash
from waygrid_shell.resources.document import read_request, to_json
from waygrid_shell.resources.submission import SpecError

T = TypeVar("T")

JSON: Final = "application/json"
MAX_KEY_LENGTH: Final = 255
"""Of an idempotency key."""

_BODY_SECONDS: Final = 60.0
"""How long a body may take to come."""

_KEY: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")


def respond(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The document as JSON."""
    return respond_json(to_json(document), status, headers)


def respond_json(value: JsonValue, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON value that is no document."""
    return Response(write_json(value), status, headers, media_type=JSON)


async def read_body(request: Request, kind: type[T]) -> T:
    """The document that the request has. Raises `Refusal` for one that is too large, no JSON, or wrong."""
    return _document(await _value(request, await read_bytes(request)), kind)


async def read_optional_body(request: Request, kind: type[T]) -> T:
    """The same; without a body it is the document with all its defaults."""
    content = await read_bytes(request)
    return _document(await _value(request, content), kind) if content else kind()


async def read_data(request: Request) -> JsonValue:
    """The JSON value that the request has, whatever it is; `{}` without a body. Raises `Refusal` as `read_body`."""
    content = await read_bytes(request)
    if not content:
        return {}
    value = await _value(request, content)
    check_data(value, "")
    return value


def check_data(value: JsonValue, pointer: str) -> None:
    """Raises `Refusal` for data that cannot be worked with: it nests too deep."""
    problem = why_no_json(value)
    if problem is not None:
        raise Refusal(
            400,
            "not-json",
            "The body is no JSON",
            f"the data at {pointer or 'the top'} cannot be taken: {problem}",
            errors=[SpecError(code="too-deep", pointer=pointer, message=problem)],
        )


async def read_bytes(request: Request) -> bytes:
    """The body. How much it may be is seen to by `application`, while it comes."""
    try:
        with anyio.fail_after(_BODY_SECONDS):
            return await request.body()
    except TimeoutError as error:
        said = f"the body has not come within {_BODY_SECONDS:.0f} s"
        raise Refusal(408, "too-slow", "The request came too slowly", said, headers={"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise Refusal(400, "not-complete", "The request was not complete", "the body ended too early") from error


def media_type_of(request: Request) -> str:
    """The media type of the body, in small letters, without parameters; empty if the request names none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _value(request: Request, content: bytes) -> JsonValue:
    media_type = media_type_of(request)
    if media_type != JSON and not media_type.endswith("+json"):
        # Not only pedantry: a web page may send other types to a loopback address without being asked for leave.
        raise unsupported_media_type(media_type, JSON)
    read = read_document(content, "json", Limits(document_bytes=max(len(content), 1)))
    if read.problems or isinstance(read.value, Missing):
        raise not_json(read.problems)
    return read.value


def not_json(problems: SpecErrors) -> Refusal:
    """What is said of a text that is no JSON, or that holds what JSON data may not."""
    errors = spec_errors(problems)
    return Refusal(
        400, "not-json", "The body is no JSON", errors[0].message if errors else "it is empty", errors=errors
    )


def spec_errors(problems: SpecErrors) -> tuple[SpecError, ...]:
    """The problems of a Spec, or of another text, as documents."""
    return tuple(SpecError(code=each.code, pointer=each.pointer, message=each.message) for each in problems)


def unsupported_media_type(given: str, wanted: str) -> Refusal:
    """What is said of a body of another type."""
    said = f"it is {given[:100]!r}" if given else "there is no Content-Type"
    return Refusal(415, "unsupported-media-type", "The body is of another type", f"{said}; send Content-Type: {wanted}")


def _document(value: JsonValue, kind: type[T]) -> T:
    read = read_request(value, kind)
    if isinstance(read, Failure):
        raise invalid([SpecError(code="wrong-field", pointer=place, message=said) for place, said in read.failure()])
    return read.unwrap()


def invalid(errors: list[SpecError]) -> Refusal:
    """What is said of a request whose fields are wrong: all of them."""
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    place = f"{first.pointer}: " if first.pointer else ""
    return Refusal(422, "invalid-request", "The request is not right", f"{place}{first.message}{more}", errors=errors)


def bad_parameter(name: str, message: str) -> Refusal:
    """What is said of a parameter of the query, or of a header."""
    error = SpecError(code="bad-parameter", pointer=write_pointer((name,)), message=message)
    return Refusal(400, "bad-parameter", "A parameter is not right", f"{name}: {message}", errors=[error])


def traversal_id(request: Request) -> TraversalId:
    """The traversal of the path. Raises `Refusal` (404) for what is no id of one."""
    text = str(request.path_params["id"]).upper()
    if not is_ulid(text):
        raise no_traversal(text)
    return TraversalId(text)


def no_traversal(traversal: str) -> Refusal:
    """What is said of a traversal that nobody handed in."""
    return Refusal(404, "not-found", "There is no such traversal", f"no traversal has the id {traversal[:64]!r}")


def dag_hash(text: str) -> DagHash:
    """The hash of a DAG. Raises `Refusal` (404) for what is none."""
    if not is_dag_hash(text):
        raise no_dag(text)
    return DagHash(text)


def no_dag(text: str) -> Refusal:
    """What is said of a DAG that nobody stored."""
    return Refusal(404, "not-found", "There is no such DAG", f"no DAG with the hash {text[:64]!r} is stored here")


def limit_of(request: Request) -> int:
    """The `limit` of a page."""
    return whole_number(request, "limit", default=100, least=1, most=1_000)


def whole_number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Raises `Refusal` (400)."""
    text = request.query_params.get(name)
    if text is None:
        return default
    number = number_within(text, least, most)
    if number is None:
        raise bad_parameter(name, f"write a whole number from {least} to {most}")
    return number


def number_within(text: str, least: int, most: int) -> int | None:
    """The whole number that `text` writes in ASCII digits; None for what is none, or not within these bounds."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
        return None
    return int(text)


def flag(request: Request, name: str) -> bool:
    """A `true` or `false` of the query; false if it is not there."""
    match request.query_params.get(name, "false"):
        case "true":
            return True
        case "false":
            return False
        case _:
            raise bad_parameter(name, "write true or false")


def idempotency_key(request: Request) -> str | None:
    """What makes a request the same request however often it is sent: its key, of whoever sends it.

    Raises `Refusal` (400).
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if _KEY.fullmatch(key) is None:
        raise bad_parameter("Idempotency-Key", f"it has 1 to {MAX_KEY_LENGTH} printable characters of ASCII")
    return f"{principal(request)}\n{key}"
