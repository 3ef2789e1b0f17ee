"""The HTTP client that processors and destinations share: one session, no redirects, nothing from the environment."""

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

DEFAULT_TIMEOUT_SECONDS: Final = 30.0
MAX_RESPONSE_BYTES: Final = 1024 * 1024
CONNECTIONS: Final = 256
"""Open connections, to all hosts together."""


_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@frozen
class Response:
    """What a server answered; `body` is at most `MAX_RESPONSE_BYTES` long."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session for `request`."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    headers = {"User-Agent": "waygrid"}
    jar = aiohttp.DummyCookieJar()  # no answer may leave something behind for the next request
    async with aiohttp.ClientSession(connector=connector, trust_env=False, headers=headers, cookie_jar=jar) as session:
        yield session


async def request(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout_seconds: float,
) -> Response:
    """Send it and read the answer.

    Raises `Failed` with code `unreachable` (no answer, or none in time), `bad-output` (too large) or `bad-value` (a url
    or header that cannot be sent).
    """
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    try:
        async with session.request(
            method, url, headers=headers, data=body, timeout=timeout, allow_redirects=False
        ) as response:
            received = await response.content.read(MAX_RESPONSE_BYTES + 1)
            while len(received) <= MAX_RESPONSE_BYTES and not response.content.at_eof():
                part = await response.content.read(MAX_RESPONSE_BYTES + 1 - len(received))
                received += part
            if len(received) > MAX_RESPONSE_BYTES:
                raise Failed("bad-output", f"{method} {url} answered with more than {MAX_RESPONSE_BYTES} bytes")
            return Response(
                response.status, {name.lower(): value for name, value in response.headers.items()}, received
            )
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError) as error:
        raise Failed("bad-value", f"{method} {url} cannot be sent: {str(error) or 'it is no URL'}") from error
    except TimeoutError as error:
        raise Failed("unreachable", f"{method} {url} gave no answer within {timeout_seconds:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Failed("unreachable", f"{method} {url}: {str(error) or type(error).__name__}") from error


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


def _shown(value: JsonValue) -> str:
    return write_json(value)[:60].decode("utf-8", "replace")
