"""One attempt at the work of a node: what its handler is told, and how the handler says that it failed."""

from collections.abc import Mapping

from attrs import frozen

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue


@frozen(kw_only=True)
class Attempt:
    """An attempt, as its handler sees it.

    `parameters` are the node's, templates evaluated and secrets resolved. `idempotency_key` is the same whenever this
    attempt is made again (after a crash, say) and differs from that of any other: hand it on to whatever must act once.
    `work_key` is the same for all attempts of one node of one traversal: a receiver that must act once over retries
    as well takes this one.
    """

    address: ServiceAddress
    traversal: TraversalId
    node: NodeId
    attempt: int
    input: JsonValue
    parameters: Mapping[str, JsonValue]
    idempotency_key: str
    work_key: str


class Failed(Exception):  # noqa: N818 - it says what happened to the attempt, and is a normal answer of a handler
    """A handler raises it to answer with a failure of its own code: `raise Failed("card-declined", "no funds")`."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
