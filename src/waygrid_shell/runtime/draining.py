"""While the platform stops, it answers who asks, and takes nothing new in."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waygrid_shell.api.problem_of import problem_response
from waygrid_shell.api.problems import Refusal
from waygrid_shell.runtime.vitals import Vitals

_ASKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RETRY_SECONDS: Final = 5
_TRY_AGAIN_LATER: Final = 1013
"""The code that closes a WebSocket."""


class Draining:
    """`app`, as long as the platform does not stop; from then on only what asks.

    What was begun before has a time to end, and is cut off by the server then: it may wait for a database that is away.
    """

    def __init__(self, app: ASGIApp, vitals: Vitals) -> None:
        self._app = app
        self._vitals = vitals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if not self._vitals.is_stopping:
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER, "reason": "it is stopping"})
        elif scope["type"] == "http" and scope["method"] not in _ASKING:
            said = "nothing of this request was taken in; send it again when it runs again"
            await problem_response(_refusal(said), scope["path"])(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if not self._vitals.is_stopping or has_begun or scope["type"] != "http":
                raise
            said = "this took too long, and may have been done or not; send it again, with the same idempotency key"
            await problem_response(_refusal(said), scope["path"])(scope, receive, send)


def _refusal(said: str) -> Refusal:
    return Refusal(
        503,
        "stopping",
        "The platform is stopping",
        said,
        headers={"Retry-After": str(_RETRY_SECONDS), "Connection": "close"},
    )
