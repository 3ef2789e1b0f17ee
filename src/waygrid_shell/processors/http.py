"""`waygrid://processor/http`: any service that speaks JSON over HTTP.

Parameters (templates like any, evaluated before they come here):

- `url` (needed), `method` (default POST), `headers` (an object), `query` (an object, added to the url);
- `body`: what is sent as JSON. Default: the node's input, for POST, PUT and PATCH; null sends `null`;
- `timeout`: a duration, default 30s, for the whole exchange;
- `success`: which statuses are successes, a list of numbers and of classes such as "2xx"; default ["2xx"];
- `output`: `body` (default) the answer as JSON, `text` as a text, `response` as `{status, headers, body}`, its body as
  JSON if it is some, else as a text.

Each request has the header `Idempotency-Key`, the same for all attempts at one node of one traversal, so that a service
which honours it acts once over retries. An answer without a body gives `{}`. Failures: `unreachable`, `http-<status>`
(with the beginning of the body in its message), `bad-output` (no JSON, or too large), `bad-value`. Redirects are not
followed: `http-302`.
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.http_client import (
    HttpClient,
    Response,
    http_headers,
    http_timeout,
    http_url,
    refuse_unknown,
)
from waygrid_shell.hosting.making import read_output

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SENDS_INPUT: Final = frozenset({"POST", "PUT", "PATCH"})
_PARAMETERS: Final = frozenset({"url", "method", "headers", "query", "body", "timeout", "success", "output"})
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
        succeeds = _success(parameters)
        headers = {"Accept": "application/json", "Idempotency-Key": attempt.idempotency_key, **http_headers(parameters)}
        body = None
        if "body" in parameters:
            body = write_json(parameters["body"])
        elif method in _SENDS_INPUT:
            body = write_json(attempt.input)
        if body is not None and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
        response = await self._client.request(
            method, url, headers=headers, body=body, timeout_seconds=http_timeout(parameters)
        )
        if not (response.status in succeeds or f"{response.status // 100}xx" in succeeds):
            text = response.body.decode("utf-8", "replace").strip()
            raise Failed(f"http-{response.status}", f"{method} {url}: {text[:_MESSAGE_OF_BODY] or 'no body'}")
        return read(response)


def _method(parameters: Mapping[str, JsonValue]) -> str:
    method = parameters.get("method", "POST")
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise Failed("bad-value", f"the parameter method is {method!r}; write one of {', '.join(sorted(METHODS))}")
    return method.upper()


def _with_query(url: str, query: JsonValue) -> str:
    if query is None:
        return url
    if not isinstance(query, Mapping):
        raise Failed("bad-value", "the parameter query is no object")
    pairs = [
        (name, value if isinstance(value, str) else write_json(value).decode())
        for name, given in query.items()
        for value in (given if isinstance(given, list) else [given])
        if value is not None
    ]
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


def _success(parameters: Mapping[str, JsonValue]) -> frozenset[int | str]:
    given = parameters.get("success", ["2xx"])
    listed = given if isinstance(given, list) else [given]
    for status in listed:
        is_class = isinstance(status, str) and status in ("1xx", "2xx", "3xx", "4xx", "5xx")
        if not is_class and (isinstance(status, bool) or not isinstance(status, int)):
            raise Failed("bad-value", f"the parameter success has {status!r}; write statuses such as 200 or 2xx")
    return frozenset(status for status in listed if isinstance(status, int | str))


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
        value = read_json(response.body)
    except ValueError as error:
        kind = response.headers.get("content-type", "no content type")
        raise Failed("bad-output", f"the answer ({kind}) is not JSON: {error}") from error
    checked = read_output(value)
    if isinstance(checked, ErrorDetail):
        raise Failed(checked.code, checked.message)
    return checked


def _text_of(response: Response) -> JsonValue:
    return response.body.decode("utf-8", "replace")


def _whole(response: Response) -> JsonValue:
    body: JsonValue = None
    if response.body.strip():
        try:
            body = _json_of(response)
        except Failed:
            body = _text_of(response)
    return {"status": response.status, "headers": dict(response.headers), "body": body}


_READERS: Final[Mapping[str, Callable[[Response], JsonValue]]] = {
    "body": _json_of,
    "text": _text_of,
    "response": _whole,
}
