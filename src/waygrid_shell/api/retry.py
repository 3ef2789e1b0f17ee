"""Traversals run again, over HTTP."""

from starlette.routing import WebSocketRoute

from waygrid_shell.api.operation import Operation
from waygrid_shell.api.platform import Platform


def operations(platform: Platform) -> tuple[Operation, ...]:
    """What can be done with it."""
    del platform
    return ()


def sockets(platform: Platform) -> tuple[WebSocketRoute, ...]:
    """The WebSockets of it."""
    del platform
    return ()
