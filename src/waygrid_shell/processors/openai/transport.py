"""The transport that the OpenAI SDK sends its requests over: our own client, so that the guard holds for it too.

Loaded by the first call only, as the SDK is.
"""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import httpx2

from waygrid_shell.hosting.http_client import HttpClient, in_trace

_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "authorization", "content-length", "content-type", "idempotency-key", "user-agent"}
)
"""What is sent. The SDK would add what it knows of this machine, and headers that the environment has for OpenAI."""


class TooLarge(httpx2.TransportError):
    """The answer has more bytes than an answer may have."""


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends over an `HttpClient`, whose limits hold: where to, how large an answer, and no redirects."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it; the body of the answer is read as it comes."""
        timeout = request.extensions.get("timeout", {}).get("read")
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() in _HEADERS]
        try:
            response = await self._client.session.request(
                request.method,
                str(request.url),
                headers=[*headers, *in_trace({}).items()],
                data=await request.aread(),
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
                auto_decompress=False,  # httpx does it, as it asked for it
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _as_httpx(error) from error
        return httpx2.Response(
            status_code=response.status,
            headers=list(response.raw_headers),
            stream=_Body(response, self._client.max_response_bytes),
            request=request,
        )


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, max_bytes: int) -> None:
        self._response = response
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        try:
            async for part in self._response.content.iter_any():
                received += len(part)
                if received > self._max_bytes:
                    raise TooLarge(f"the answer has more than {self._max_bytes} bytes")
                yield part
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        self._response.close()


def _as_httpx(error: BaseException) -> httpx2.TransportError:
    if isinstance(error, TimeoutError):
        return httpx2.ReadTimeout("no answer in time")
    return httpx2.NetworkError(str(error) or type(error).__name__)
