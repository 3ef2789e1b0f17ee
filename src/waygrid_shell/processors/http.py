"""`waygrid://processor/http`: any service that speaks HTTP, JSON most of all.

Parameters (templates like any, evaluated before they come here):

- `url` (needed), `method` (default POST), `headers` (an object), `query` (an object, added to the url);
- `body`: what is sent. Default: the node's input, for POST, PUT and PATCH; null sends `null`;
- `encoding`: how: `json` (default), `form` (an object, as a form of a web page) or `text`;
- `timeout`: a duration, default 30s, for one exchange;
- `maxWait`: a duration, default 30s: so long, all in all, the attempt waits for a service that answers 429 or 503 and
  says in `Retry-After` when to come again;
- `success`: which statuses are successes, a list of numbers and of classes such as "2xx"; default ["2xx"];
- `output`: `body` (default) the answer as JSON, `text` as a text, `response` as `{status, headers, body}`, its body as
  JSON if it is some, else as a text.

Each request has the header `Idempotency-Key`, the same for all attempts at one node of one traversal, so that a service
which honours it acts once over retries. An answer without a body gives `{}`. Failures: `unreachable`, `http-<status>`
(with the beginning of the body in its message), `bad-output` (no JSON, or too large), `bad-value` (a parameter that is
wrong, or an address that may not be connected to). Redirects are not followed: `http-302`.
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.http_client import HttpClient, Response, bare_url
from waygrid_shell.hosting.making import read_output
from waygrid_shell.hosting.parameters import (
    Statuses,
    http_headers,
    http_timeout,
    http_url,
    layered,
    max_wait,
    refuse_unknown,
    statuses,
)
from waygrid_shell.hosting.retry_after import ask_patiently, wanted_wait

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SENDS_INPUT: Final = frozenset({"POST", "PUT", "PATCH"})
_PARAMETERS: Final = frozenset(
    {"url", "method", "headers", "query", "body", "encoding", "timeout", "maxWait", "success", "output"}
)
_SUCCESS: Final = Statuses(frozenset(), frozenset({"2xx"}))
_MESSAGE_OF_BODY: Final = 500
"""Characters of an error's body that go into the message."""


class HttpProcessor:
    """See the module. A `Handler` over one client."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Raises `Failed`, as the module says."""
        parameters = attempt.parameters
        refuse_unknown(parameters, _PARAMETERS)
        method = _method(parameters)
        url = _with_query(http_url(parameters), parameters.get("query"))
        read = _reader(parameters)
        succeeds = statuses(parameters, "success") or _SUCCESS
        timeout = http_timeout(parameters)
        headers = {"Accept": "application/json", "Idempotency-Key": attempt.idempotency_key}
        body = None
        if "body" in parameters or method in _SENDS_INPUT:
            content_type, body = _encoded(parameters, parameters.get("body", attempt.input))
            headers["Content-Type"] = content_type
        headers = layered(headers, http_headers(parameters))
        response = await ask_patiently(
            lambda: self._client.request(method, url, headers=headers, body=body, timeout_seconds=timeout),
            lambda answer: None if answer.status in succeeds else wanted_wait(answer.status, answer.headers),
            max_wait(parameters),
        )
        if response.status not in succeeds:
            message = f"{method} {bare_url(url)}: {response.said(_MESSAGE_OF_BODY)}"
            raise Failed(f"http-{response.status}", message)
        return read(response)


def _encoded(parameters: Mapping[str, JsonValue], body: JsonValue) -> tuple[str, bytes]:
    """The content type and the bytes of a body. Raises `Failed`."""
    encoding = parameters.get("encoding", "json")
    match encoding:
        case "json":
            return "application/json", write_json(body)
        case "form":
            return "application/x-www-form-urlencoded", urlencode(_pairs(body, "body")).encode()
        case "text" if isinstance(body, str):
            return "text/plain; charset=utf-8", body.encode("utf-8", "replace")
        case "text":
            raise Failed("bad-value", "the body is no text, and encoding is text")
        case _:
            raise Failed("bad-value", f"the parameter encoding is {encoding!r}; write json, form or text")


def _method(parameters: Mapping[str, JsonValue]) -> str:
    method = parameters.get("method", "POST")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise Failed("bad-value", f"the parameter method is {method!r}; write one of {', '.join(sorted(METHODS))}")
    return method.upper()


def _with_query(url: str, query: JsonValue) -> str:
    pairs = [] if query is None else _pairs(query, "query")
    if not pairs:
        return url
    address, hash_mark, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(pairs)}{hash_mark}{fragment}"


def _pairs(given: JsonValue, name: str) -> list[tuple[str, str]]:
    """The members of an object as pairs of texts: one an item of a list, none for null. Raises `Failed`."""
    if not isinstance(given, Mapping):
        raise Failed("bad-value", f"the parameter {name} is no object")
    return [
        (member, value if isinstance(value, str) else write_json(value).decode())
        for member, values in given.items()
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    ]


def _reader(parameters: Mapping[str, JsonValue]) -> Callable[[Response], JsonValue]:
    given = parameters.get("output", "body")
    reader = _READERS.get(given) if isinstance(given, str) else None
    if reader is None:
        raise Failed("bad-value", f"the parameter output is {given!r}; write body, text or response")
    return reader


def _json_of(response: Response) -> JsonValue:
    if not response.body.strip():
        return {}
    try:
        return read_json(response.body)  # whether it may be an output, the worker sees
    except ValueError as error:
        kind = response.headers.get("content-type", "no content type")
        raise Failed("bad-output", f"the answer ({kind}) is not JSON: {error}") from error


def _text_of(response: Response) -> JsonValue:
    return response.body.decode("utf-8", "replace")


def _whole(response: Response) -> JsonValue:
    body = _json_or_text(response) if response.body.strip() else None
    return {"status": response.status, "headers": dict(response.headers), "body": body}


def _json_or_text(response: Response) -> JsonValue:
    try:
        value = read_output(read_json(response.body))
    except ValueError:
        return _text_of(response)
    return _text_of(response) if isinstance(value, ErrorDetail) else value


_READERS: Final[Mapping[str, Callable[[Response], JsonValue]]] = {
    "body": _json_of,
    "text": _text_of,
    "response": _whole,
}
