"""One attempt at the work of a node: what its handler is told, and how the handler says that it failed."""

from collections.abc import Callable, Mapping

from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue


def _tell_nobody(progress: JsonValue) -> None:
    del progress


@frozen(kw_only=True)
class Attempt:
    """An attempt, as its handler sees it.

    `parameters` are the node's, templates evaluated and secrets resolved. `idempotency_key` is the same for all
    attempts at one node of one traversal, be they retries or the same attempt made again after a crash: hand it on to
    whatever must act only once. `attempt_key` is the same only when this very attempt is made again.
    """

    address: ServiceAddress
    traversal: TraversalId
    node: NodeId
    attempt: int
    input: JsonValue
    parameters: Mapping[str, JsonValue]
    idempotency_key: str
    attempt_key: str
    tell: Callable[[JsonValue], None] = _tell_nobody
    """Tells whoever watches the traversal live how far the work is. Never waits, and may be dropped."""


class Failed(Exception):  # noqa: N818 - it says what happened to the attempt, and is a normal answer of a handler
    """A handler raises it to answer with a failure of its own code: `raise Failed("card-declined", "no funds")`."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
