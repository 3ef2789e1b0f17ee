"""What a signal of one's own sees of a traversal, and what it may do to it."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from attrs import frozen

from waygrid_core.model.json_value import JsonValue

NodeStatus: TypeAlias = Literal["waiting", "running", "succeeded", "failed", "timed-out", "canceled", "not-reached"]


@frozen
class Look:
    """A traversal as a signal sees it: the status of every node that has an id, and what the traversal was given."""

    nodes: Mapping[str, NodeStatus]
    payload: JsonValue


@frozen
class SucceedNode:
    """The node of that id, which is waiting or running, succeeds with `output`; its attempt is canceled."""

    node: str
    output: JsonValue = None


@frozen
class FailNode:
    """The node of that id, which is waiting or running, fails for good."""

    node: str
    code: str
    message: str = ""


@frozen
class EndBranches:
    """These branches of the fork with that joinNodeId are canceled."""

    join_node_id: str
    branches: tuple[str, ...]


@frozen
class End:
    """The traversal is canceled, for that reason."""

    reason: str | None = None


Action: TypeAlias = SucceedNode | FailNode | EndBranches | End
