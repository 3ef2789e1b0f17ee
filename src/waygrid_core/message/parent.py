"""Who waits for a traversal, and where in the world it stands."""

from typing import TypeAlias

from attrs import frozen

from waygrid_core.model.identifiers import NodeId, TraversalId


@frozen
class NodeParent:
    """An attempt of a call, each or loop of `traversal` waits for it."""

    traversal: TraversalId
    node: NodeId
    attempt: int


@frozen
class SeriesParent:
    """It is run number `run` of the series (or round of the loop) `traversal`."""

    traversal: TraversalId
    run: int


ParentLink: TypeAlias = NodeParent | SeriesParent
