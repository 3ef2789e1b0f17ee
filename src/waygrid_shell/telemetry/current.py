"""The attempt that runs here, for whoever writes a line or sends a request on its behalf.

A worker sets it around a handler, in a context of the attempt's own; threads that a handler is run in have it too.
"""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

from attrs import frozen

from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId


@frozen
class CurrentAttempt:
    """Which attempt it is. `trace` is the context of what it sends, if it came with one."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    address: ServiceAddress
    trace: Trace | None = None


CURRENT_ATTEMPT: Final[ContextVar[CurrentAttempt | None]] = ContextVar("waygrid_attempt", default=None)


def add_attempt(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: traversal, node and attempt on every line that is written inside one."""
    del logger, method
    current = CURRENT_ATTEMPT.get()
    if current is not None:
        event.setdefault("traversal", current.traversal)
        event.setdefault("node", current.node)
        event.setdefault("attempt", current.attempt)
    return event
