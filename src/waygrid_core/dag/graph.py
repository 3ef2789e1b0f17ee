"""A graph as a hand-made DAG writes it: nodes as in a Spec, edges by number, before it is known to be right."""

from attrs import Factory, define

from waygrid_core.dag.edge import Guard
from waygrid_core.dag.named_nodes import PlacedNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.spec.node import Spec
from waygrid_core.spec.place import Place


@define(eq=False)
class GraphEdge:
    """An edge to node number `target`."""

    guard: Guard
    target: int
    place: Place


@define(eq=False)
class GraphNode:
    """A node, and its edges in the order in which a token considers them. `node` is None if it could not be read."""

    id: NodeId
    node: PlacedNode | None
    place: Place
    edges: list[GraphEdge] = Factory(list)


@define(eq=False)
class Graph:
    """One DAG. `frame` is a Spec that has everything but the graph: repeat policy, timeout, onEnd."""

    nodes: list[GraphNode]
    entries: list[int]
    frame: Spec
    salt: str
    place: Place
