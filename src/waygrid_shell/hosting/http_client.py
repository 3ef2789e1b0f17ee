"""The HTTP client that processors and destinations share: guarded, no redirects, nothing from the environment."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp
import anyio
from attrs import frozen
from yarl import URL

from waygrid_shell.hosting.attempt import Failed
from waygrid_shell.hosting.outbound import AddressRefused, GuardedResolver, socket_factory
from waygrid_shell.settings.settings import OutboundSettings
from waygrid_shell.telemetry.tracing import current_trace

CONNECTIONS: Final = 256
"""Open connections, to all hosts together."""

_DNS_SECONDS: Final = 10
"""How long a name's addresses are remembered. They are judged whenever they are connected to."""

_BEGINNING_BYTES: Final = 1024
_SOON_SECONDS: Final = 1.0

_MAX_MESSAGE: Final = 500
"""Characters of what the library says about an answer that is no HTTP: it repeats some of it."""

_SECRETIVE: Final = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)
"""Of a text that was meant as a url: its user, its query and fragment."""


@frozen
class Response:
    """What a server answered; the names of `headers` are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def said(self, characters: int) -> str:
        """The beginning of the body, for the message of a failure."""
        return self.body.decode("utf-8", "replace").strip()[:characters] or "no body"


class HttpClient:
    """Sends requests. It connects only to what `outbound` allows."""

    def __init__(self, session: aiohttp.ClientSession, outbound: OutboundSettings) -> None:
        self.session = session
        self.max_response_bytes = outbound.max_response_bytes

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
    ) -> Response:
        """Send it and read the answer. Redirects are not followed.

        Raises `Failed` with code `unreachable` (no answer, none in time, or one that is no HTTP), `bad-output` (too
        large) or `bad-value` (a url or header that cannot be sent, or an address that may not be connected to).
        """
        return await self._send(method, url, headers, body, timeout_seconds, self._all)

    async def deliver(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> Response:
        """POST it; of the answer's body only the beginning is read, for the status says everything.

        Raises `Failed` as `request` does, but for `bad-output`.
        """
        return await self._send("POST", url, headers, body, timeout_seconds, self._beginning)

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        read: Callable[[aiohttp.ClientResponse, str], Awaitable[bytes]],
    ) -> Response:
        place = f"{method} {bare_url(url)}"
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with self.session.request(
                method, url, headers=in_trace(headers), data=body, timeout=timeout, allow_redirects=False
            ) as response:
                received = await read(response, place)
                given = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status, given, received)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:  # what they say is all of the url
            raise Failed("bad-value", f"{place} cannot be sent: it is no http or https URL") from error
        except ValueError as error:
            raise Failed("bad-value", f"{place} cannot be sent: {error}") from error
        except TimeoutError as error:
            raise Failed("unreachable", f"{place} gave no answer within {timeout_seconds:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            if (refused := refusal(error)) is not None:
                raise Failed("bad-value", f"{place} is not sent: {refused}") from error
            raise Failed("unreachable", f"{place}: {str(error)[:_MAX_MESSAGE] or type(error).__name__}") from error

    async def _beginning(self, response: aiohttp.ClientResponse, place: str) -> bytes:
        """What comes of the body soon; a body that hangs or breaks changes nothing about the status."""
        del place
        received = b""
        with anyio.move_on_after(_SOON_SECONDS), suppress(TimeoutError, aiohttp.ClientError, OSError):
            while len(received) < _BEGINNING_BYTES and not response.content.at_eof():
                received += await response.content.read(_BEGINNING_BYTES - len(received))
        return received

    async def _all(self, response: aiohttp.ClientResponse, place: str) -> bytes:
        """The body, never more of it than it may have."""
        parts: list[bytes] = []
        room = self.max_response_bytes + 1
        while room > 0 and not response.content.at_eof():
            part = await response.content.read(room)
            parts.append(part)
            room -= len(part)
        if room <= 0:
            raise Failed("bad-output", f"{place} answered with more than {self.max_response_bytes} bytes")
        return b"".join(parts)


def in_trace(headers: Mapping[str, str]) -> Mapping[str, str]:
    """With the trace that the attempt is in, unless the caller has given another."""
    trace = current_trace()
    if trace is None or any(name.lower() == "traceparent" for name in headers):
        return headers
    state = {"tracestate": trace.tracestate} if trace.tracestate else {}
    return {**headers, "traceparent": trace.traceparent, **state}


@asynccontextmanager
async def open_client(outbound: OutboundSettings) -> AsyncIterator[HttpClient]:
    """A client for all requests of a process."""
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS,
        socket_factory=socket_factory(outbound.allowed_networks),
        resolver=GuardedResolver(outbound.allowed_networks),
        ttl_dns_cache=_DNS_SECONDS,
    )
    headers = {"User-Agent": "waygrid"}
    jar = aiohttp.DummyCookieJar()  # no answer may leave something behind for the next request
    async with aiohttp.ClientSession(connector=connector, trust_env=False, headers=headers, cookie_jar=jar) as session:
        yield HttpClient(session, outbound)


def refusal(error: BaseException) -> AddressRefused | None:
    """The refusal of an address that an error of a session comes from, if it comes from one."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, AddressRefused):
            return found
        found = getattr(found, "os_error", None) or found.__cause__
    return None


def bare_url(url: str) -> str:
    """A url as messages may have it: without its query and user, in which secrets travel."""
    try:
        plain = str(URL(url).with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        plain = _SECRETIVE.sub("", url)
    return plain[:_MAX_MESSAGE]
