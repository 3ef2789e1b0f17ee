"""What is told live of a traversal, as server-sent events: `event` is the name of the class in lower case.

A stream begins with `state` (a TraversalView), goes on with `change` and `progress`, and closes after `ended` (a
TraversalView). The id of an SSE event says where the stream is: who comes back with it as `Last-Event-ID` gets what
changed since, from the journal.
"""

from attrs import frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.resources.traversal import Status


@frozen(kw_only=True)
class NodeChange:
    """Something that happened to a node: `what` is the name of an event of the core."""

    id: str
    name: str
    what: str


@frozen(kw_only=True)
class Change:
    """A traversal, or a child of it, after a decision."""

    traversal: str
    status: Status
    version: int
    nodes: tuple[NodeChange, ...] = ()


@frozen(kw_only=True)
class Progress:
    """What a handler tells while it works."""

    traversal: str
    node: str
    name: str
    attempt: int
    data: JsonValue
