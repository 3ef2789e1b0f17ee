"""How much requests may send: each, and all that are here at once. Looked at before it comes, and while it comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.types import Message, Receive, Scope

from waygrid_shell.api.problems import Refusal

_CLOSE: Final = {"Connection": "close"}
"""So that the server does not read to its end what nobody wants."""

_LARGEST_AT_ONCE: Final = 64
"""How many bodies of the largest size are held at once, in all requests together: a bound on memory."""

_SOON_SECONDS: Final = 1


class BodyLimit:
    """Holds what bodies may take. `most` is the bytes of one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._room = most * _LARGEST_AT_ONCE

    @contextmanager
    def around(self, receive: Receive, scope: Scope) -> Iterator[Receive]:
        """The same messages, until there are too many bytes of body; then it raises `Refusal`."""
        taken = 0
        declared = _declared(scope)

        async def counted() -> Message:
            nonlocal taken
            if declared > self._most:
                raise self._too_large()
            if declared - taken > self._room:
                raise _no_room()
            message = await receive()
            if message["type"] == "http.request":
                size = len(message.get("body", b""))
                taken += size
                self._room -= size
                if taken > self._most:
                    raise self._too_large()
                if self._room < 0:
                    raise _no_room()
            return message

        try:
            yield counted
        finally:
            self._room += taken

    def _too_large(self) -> Refusal:
        detail = f"a body has at most {self._most} bytes; server.max_body_bytes of the settings says how many"
        return Refusal(413, "too-large", "The body is too large", detail, headers=_CLOSE)


def _declared(scope: Scope) -> int:
    """What the request says that it has; 0 if it does not say so. The server has refused what is no number."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _no_room() -> Refusal:
    headers = {**_CLOSE, "Retry-After": str(_SOON_SECONDS)}
    return Refusal(429, "no-room", "There is no room now", "too many large requests are under way", headers=headers)
