"""The HTTP client that processors and destinations share: guarded, no redirects, nothing from the environment."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from attrs import frozen

from waygrid_core.codec.json_bytes import write_json
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_shell.hosting.attempt import Failed
from waygrid_shell.hosting.outbound import AddressRefused, GuardedResolver, socket_factory
from waygrid_shell.settings.settings import OutboundSettings

DEFAULT_TIMEOUT_SECONDS: Final = 30.0
CONNECTIONS: Final = 256
"""Open connections, to all hosts together."""


_MAX_MESSAGE: Final = 500
"""Characters of what the library says about an answer that is no HTTP: it repeats some of it."""

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@frozen
class Response:
    """What a server answered; the names of `headers` are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
        place = f"{method} {url}"
        timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        try:
            async with self.session.request(
                method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
            ) as response:
                received = await self._read(response, place)
                given = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status, given, received)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError) as error:
            raise Failed("bad-value", f"{place} cannot be sent: {str(error) or 'it is no URL'}") from error
        except TimeoutError as error:
            raise Failed("unreachable", f"{place} gave no answer within {timeout_seconds:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            if (refused := refusal(error)) is not None:
                raise Failed("bad-value", f"{place} is not sent: {refused}") from error
            raise Failed("unreachable", f"{place}: {_short(str(error)) or type(error).__name__}") from error

    async def _read(self, response: aiohttp.ClientResponse, place: str) -> bytes:
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


@asynccontextmanager
async def open_client(outbound: OutboundSettings) -> AsyncIterator[HttpClient]:
    """A client for all requests of a process."""
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS,
        socket_factory=socket_factory(outbound.allowed_networks),
        resolver=GuardedResolver(outbound.allowed_networks),
        use_dns_cache=False,  # a name is asked for whenever a connection is made: they are kept open anyway
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


def http_url(parameters: Mapping[str, JsonValue]) -> str:
    """The parameter `url`. Raises `Failed`."""
    url = parameters.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise Failed(
            "bad-value", f"the parameter url is {_shown(url)}; write a text that begins with http:// or https://"
        )
    return url


def http_headers(parameters: Mapping[str, JsonValue]) -> dict[str, str]:
    """The parameter `headers`, an object of texts and numbers; null leaves one out. Raises `Failed`."""
    given = parameters.get("headers")
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise Failed("bad-value", f"the parameter headers is {_shown(given)}; write an object of texts")
    headers = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Failed("bad-value", f"the header {name} is {_shown(value)}; write a text")
        text = str(value)
        if _NAME.fullmatch(name) is None or any(character in text for character in "\r\n\0"):
            raise Failed("bad-value", f"the header {_shown(name)} cannot be sent with the value {_shown(text)}")
        headers[name] = text
    return headers


def http_timeout(parameters: Mapping[str, JsonValue]) -> float:
    """The parameter `timeout`, a duration as text, in seconds. Raises `Failed`."""
    given = parameters.get("timeout")
    if given is None:
        return DEFAULT_TIMEOUT_SECONDS
    parsed = parse_duration(given) if isinstance(given, str) else Failure(f"{_shown(given)} is no duration")
    if isinstance(parsed, Failure):
        raise Failed("bad-value", f"the parameter timeout: {parsed.failure()}")
    return parsed.unwrap().total_seconds()


def refuse_unknown(parameters: Mapping[str, JsonValue], known: frozenset[str]) -> None:
    """Raise `Failed` for a parameter that nobody would read: most often a slip of the pen."""
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise Failed("bad-value", f"unknown parameter {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _short(message: str) -> str:
    return message if len(message) <= _MAX_MESSAGE else message[:_MAX_MESSAGE]


def _shown(value: JsonValue) -> str:
    return write_json(value)[:60].decode("utf-8", "replace")
