"""Why a signal was refused. A rejection is a value and changes nothing."""

from typing import TypeAlias

from attrs import frozen

from waygrid_core.model.identifiers import NodeId, TraversalId


@frozen
class EmptyDag:
    """The DAG has no entry point."""


@frozen
class AlreadyInProgress:
    """A second, different `Begin`."""


@frozen
class MissingEntryNode:
    """The DAG has no entry point of that index."""

    entry: int


@frozen
class NodeNotFound:
    """The DAG has no such node."""

    node: NodeId


@frozen
class InvalidNodeState:
    """The node cannot hear that signal: it was never dispatched so often, or is never dispatched at all."""

    node: NodeId | None
    reason: str


@frozen
class BranchNotFound:
    """The fork has no branch of that name."""

    join_node_id: str
    branch: str


@frozen
class ForkMismatch:
    """No fork of that joinNodeId is open, or has been."""

    join_node_id: str


@frozen
class UnknownSignal:
    """The Spec declares no signal of that type; `known` are those that it does."""

    kind: str
    known: tuple[str, ...]


@frozen
class TraversalMismatch:
    """The signal is for another traversal."""

    expected: TraversalId
    actual: TraversalId


@frozen
class NestedForkDepthExceeded:
    """The DAG's forks nest deeper than the machine allows."""

    depth: int


@frozen
class ConcurrentModification:
    """The state that a decision was made on is no longer the newest: another writer came between."""

    expected: int
    actual: int


TraversalError: TypeAlias = (
    EmptyDag
    | AlreadyInProgress
    | MissingEntryNode
    | NodeNotFound
    | InvalidNodeState
    | BranchNotFound
    | ForkMismatch
    | UnknownSignal
    | TraversalMismatch
    | NestedForkDepthExceeded
    | ConcurrentModification
)
