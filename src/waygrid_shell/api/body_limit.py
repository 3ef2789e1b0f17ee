"""How much a request may send: looked at before it comes, and while it comes."""

from typing import Final

from starlette.types import Message, Receive, Scope

from waygrid_shell.api.problems import Refusal

_CLOSE: Final = {"Connection": "close"}
"""So that the server does not read to its end what nobody wants."""


def limited(receive: Receive, scope: Scope, most: int) -> Receive:
    """The same messages, until they hold more than `most` bytes of body; then it raises `Refusal`."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        if taken == 0 and _declared(scope) > most:
            raise _too_large(most)
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > most:
                raise _too_large(most)
        return message

    return counted


def _declared(scope: Scope) -> int:
    """What the request says that it has; 0 if it does not say so. The server has refused what is no number."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _too_large(most: int) -> Refusal:
    detail = f"a body has at most {most} bytes; server.max_body_bytes of the settings says how many"
    return Refusal(413, "too-large", "The body is too large", detail, headers=_CLOSE)
