"""While the platform stops, it answers who asks, and takes nothing new in."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from waygrid_shell.api.problem_of import problem_response
from waygrid_shell.api.problems import Refusal
from waygrid_shell.runtime.vitals import Vitals

_ASKING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RETRY_SECONDS: Final = 5
_TRY_AGAIN_LATER: Final = 1013
"""The code that closes a WebSocket."""


class Draining:
    """`app`, as long as the platform does not stop; from then on only what asks."""

    def __init__(self, app: ASGIApp, vitals: Vitals) -> None:
        self._app = app
        self._vitals = vitals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if not self._vitals.is_stopping:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER, "reason": "it is stopping"})
        elif scope["type"] == "http" and scope["method"] not in _ASKING:
            await problem_response(_refusal(), scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refusal() -> Refusal:
    return Refusal(
        503,
        "stopping",
        "The platform is stopping",
        "nothing of this request was taken in; send it again when it runs again",
        headers={"Retry-After": str(_RETRY_SECONDS), "Connection": "close"},
    )
