"""One request and its answer: what is sent with each, what is tried again, and what an answer means."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace, TracebackType
from typing import Final, Self, TypeVar
from uuid import uuid4

import aiohttp
from attrs import Factory, define, frozen

from waygrid_core.codec.json_bytes import read_json
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_shell.client.errors import (
    BadAnswer,
    Busy,
    NotAllowed,
    NotFound,
    ProblemAnswer,
    SpecRefused,
    Unreachable,
    WaygridError,
)
from waygrid_shell.client.patience import PASSING, Patience, retry_after
from waygrid_shell.resources.document import read_response
from waygrid_shell.resources.problem import Problem

T = TypeVar("T")

_ATTEMPT_SECONDS: Final = 15.0
"""How long one try may take, besides what the server was asked to wait: one that hangs must leave time for another."""

_SILENCE_SECONDS: Final = 60.0
"""How long a stream may be silent before it is taken for dead. A server says something every 15 s."""


@frozen(kw_only=True)
class Ask:
    """A request. `waits` is how long the server may take to answer because it was asked to.

    `sink` takes the body of the answer piece by piece, which may take as long as it likes; else it is read whole.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = Factory(dict)
    waits: timedelta = timedelta(0)
    answers_with_503: bool = False
    """503 is an answer, not a reason to try again."""
    sink: Callable[[bytes], object] | None = None


@frozen(kw_only=True)
class Answer:
    """What came back, and is no problem."""

    status: int
    body: bytes


class Connection:
    """A server, and how it is talked to. Used as `async with`."""

    def __init__(self, server: str, key: str | None, timeout: timedelta, first_contact: timedelta) -> None:
        if not server.startswith(("http://", "https://")) or any(each <= " " for each in server):
            raise _no_url(server)
        if key is not None and not (key and key.isascii() and key.isprintable()):
            raise ValueError("the API key is no text that could be one; `waygrid key` makes them")
        self.server = server.rstrip("/")
        self.timeout = timeout
        self._headers = {"User-Agent": "waygrid-client", "Accept": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self.first_contact = first_contact
        self.was_reached = False
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Nothing is taken from the environment, and no redirect followed: a key goes where its owner said, only.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_counting()],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def document(self, ask: Ask, kind: type[T]) -> T:
        """The document that answers. Raises `WaygridError`."""
        return self.read((await self.answer(ask)).body, kind)

    def read(self, text: bytes, kind: type[T]) -> T:
        """The document that `text` writes. Raises `BadAnswer`."""
        read = read_response(self.json(text), kind)
        if isinstance(read, Failure):
            place, message = read.failure()[0]
            raise BadAnswer(self.server, f"answered with no {kind.__name__} ({place or 'the document'}: {message})")
        return read.unwrap()

    def json(self, text: bytes) -> JsonValue:
        """The JSON value that `text` writes. Raises `BadAnswer`."""
        try:
            return read_json(text)
        except ValueError as error:
            raise BadAnswer(self.server, "answered with what is no JSON") from error

    async def answer(self, ask: Ask) -> Answer:
        """Ask until there is an answer, or no time left. Raises `WaygridError` for an answer that is a problem."""
        patience = Patience(self.timeout + ask.waits)
        headers = dict(ask.headers)
        if ask.method == "POST":
            # With it a request may be repeated: the server does once what has one key.
            headers.setdefault("Idempotency-Key", uuid4().hex)
        if ask.body is not None:
            headers["Content-Type"] = ask.media_type
        sent = _Sent()
        before: _NotNow | None = None
        while True:
            seconds = min(_ATTEMPT_SECONDS + ask.waits.total_seconds(), patience.remaining_seconds)
            try:
                return await self._once(ask, headers, seconds, sent)
            except _NotTaken as not_taken:
                raise not_taken.why from None
            except _NotNow as not_now:
                if isinstance(not_now.__cause__, aiohttp.ClientConnectorError) and not self.was_reached:
                    # Nobody listens there, and nobody ever did: rather a wrong address than a restart.
                    patience.shorten(self.first_contact)
                delay = patience.delay(not_now.retry_after_seconds)
                if delay is None:
                    # A last try that had hardly any time says nothing; the one before knew more.
                    said = before if before is not None and isinstance(not_now.__cause__, TimeoutError) else not_now
                    raise said.refused from said
                before = not_now
            await asyncio.sleep(delay)

    async def _once(self, ask: Ask, headers: Mapping[str, str], seconds: float, sent: "_Sent") -> Answer:
        """Ask once. Raises `_NotNow` for what may be mended by asking again."""
        try:
            async with self._opened().request(
                ask.method,
                self.server + ask.path,
                params=ask.query or None,
                data=ask.body,
                headers=headers,
                timeout=_timeout(ask, seconds),
                allow_redirects=False,
                trace_request_ctx=sent,
            ) as response:
                if ask.sink is not None and response.status == 200:
                    await self._pour(response, ask.sink)
                    return Answer(status=200, body=b"")
                received = await response.read()
        except TimeoutError as error:
            raise _NotNow(Unreachable(self.server, f"no answer within {seconds:.3g} s")) from error
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise _no_url(self.server) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _NotNow(self.unreachable(error)) from error
        self.was_reached = True
        if 200 <= response.status < 300 or (ask.answers_with_503 and response.status == 503):
            return Answer(status=response.status, body=received)
        refused = self._refusal(response, received)
        if isinstance(refused, ProblemAnswer):
            refused.was_repeated = sent.times > 1
        if response.status in PASSING:
            raise _NotNow(refused, retry_after(response.headers.get("Retry-After")))
        raise refused

    async def _pour(self, response: aiohttp.ClientResponse, sink: Callable[[bytes], object]) -> None:
        """Raises `Unreachable` if the answer breaks off: a part of it has been taken, so it is not asked for again."""
        self.was_reached = True
        try:
            async for piece in response.content.iter_any():
                try:
                    sink(piece)
                except Exception as error:
                    raise _NotTaken(error) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(self.server, "its answer broke off; ask again") from error

    @asynccontextmanager
    async def stream(self, path: str, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open a stream, once. Raises `WaygridError`, and `aiohttp.ClientError` or `TimeoutError` when it breaks."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_ATTEMPT_SECONDS, sock_read=_SILENCE_SECONDS)
        async with self._opened().get(
            self.server + path,
            headers={"Accept": "text/event-stream", **headers},
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            self.was_reached = True
            if response.status != 200:
                raise self._refusal(response, await response.read())
            if response.content_type != "text/event-stream":
                raise BadAnswer(self.server, f"answered with {response.content_type!r}, no stream of events")
            yield response

    def unreachable(self, error: Exception) -> Unreachable:
        """What is raised when nothing more can be done about an `aiohttp.ClientError` or `OSError`."""
        return Unreachable(self.server, _reason(error))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is not open: write `async with WaygridClient(...) as client:`")
        return self._session

    def _refusal(self, response: aiohttp.ClientResponse, received: bytes) -> WaygridError:
        status = response.status
        if 300 <= status < 400:
            return BadAnswer(self.server, f"sends us to {response.headers.get('Location', 'nowhere')!r}, not followed")
        problem = self._problem(status, received)
        if problem is None:
            if status in PASSING:
                return Unreachable(self.server, f"it answered with status {status}")
            return BadAnswer(self.server, f"answered with status {status}, and no problem that Waygrid writes")
        if problem.code == "no-such-path":
            return BadAnswer(self.server, f"has nothing at {response.url.path}")
        return refusal_of(problem)

    def _problem(self, status: int, received: bytes) -> Problem | None:
        try:
            read = read_response(read_json(received), Problem)
        except ValueError:
            return None
        return None if isinstance(read, Failure) else read.unwrap()


def _timeout(ask: Ask, seconds: float) -> aiohttp.ClientTimeout:
    if ask.sink is None:
        return aiohttp.ClientTimeout(total=seconds)
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds, sock_read=_SILENCE_SECONDS)


class _NotTaken(Exception):  # noqa: N818 - it says what happened
    """A sink that raised, whatever it was: no fault of the network's."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


class _NotNow(Exception):  # noqa: N818 - it says what happened
    """A try that came to nothing; `refused` is what is raised if it was the last one."""

    def __init__(self, refused: WaygridError, retry_after_seconds: float = 0.0) -> None:
        super().__init__(str(refused))
        self.refused = refused
        self.retry_after_seconds = retry_after_seconds


@define
class _Sent:
    """How often one request was sent: by us, or by the library, which repeats some by itself."""

    times: int = 0


def _counting() -> aiohttp.TraceConfig:
    """Has the session count in `_Sent`."""

    async def count(session: object, context: SimpleNamespace, params: object) -> None:
        if isinstance(context.trace_request_ctx, _Sent):
            context.trace_request_ctx.times += 1

    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(count)
    return config


def _no_url(server: str) -> ValueError:
    return ValueError(f"the server {server!r} is no URL; write one like http://127.0.0.1:8400")


def refusal_of(problem: Problem) -> ProblemAnswer:
    """The error that a problem is raised as."""
    match problem.status:
        case 401 | 403:
            return NotAllowed(problem, "give a key that may, as WAYGRID_KEY")
        case 404:
            return NotFound(problem)
        case 429 | 503:
            return Busy(problem)
        case 422 if problem.code == "invalid-spec":
            return SpecRefused(problem)
        case _:
            return ProblemAnswer(problem)


def _reason(error: Exception) -> str:
    """What went wrong, in a few words."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(cause, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "it hung up"
    return str(cause) or type(cause).__name__
