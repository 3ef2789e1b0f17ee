"""The draft of a DAG: vertices and edges with places, before anything about them is known to be right."""

from typing import Final

from attrs import Factory, define

from waygrid_core.dag.named_nodes import PlacedNode
from waygrid_core.spec.node import (
    DagBody,
    Hole,
    Node,
    Spec,
)
from waygrid_core.spec.place import Place

NOWHERE: Final = -1
"""The end of an edge that leads to nothing known: its fault is reported, and nothing more is said about it."""

ROOT_INDEX: Final = 0
"""The index of the root scope."""


@define(eq=False)
class Edge:
    """One member that holds a node. `guard` is its step in a path, `scope` where it leads if not into a join."""

    source: int
    guard: str
    to: Node
    scope: int
    place: Place
    target: int = NOWHERE
    is_cut: bool = False
    """Whether it had a target and lost it to a fault that is reported."""


@define(eq=False)
class Vertex:
    """One node. `edges` are in the order in which a token considers them; branches of a fork in name order."""

    node: PlacedNode
    scope: int
    parent: int
    step: str
    place: Place
    edges: list[Edge]


@define(eq=False)
class Scope:
    """The root, or one branch of one fork. `depth` counts the forks around it.

    What stands under a hole is in limbo: nobody knows which scope that would be.
    """

    parent: int
    depth: int
    fork: int = NOWHERE
    branch: str = ""
    join_node_id: str | None = None
    is_limbo: bool = False


@define(eq=False)
class JoinSlot:
    """All that is written about one join. `vertex` is its first whole copy, where one was found in its place."""

    uses: list[Edge] = Factory(list)
    vertex: int = NOWHERE
    copies: list[Edge] = Factory(list)
    misplaced: list[Edge] = Factory(list)
    """Inline joins of a fork that name another fork's joinNodeId."""


@define(eq=False)
class BodyUse:
    """A body, or the onEnd of a Spec (then `vertex` is NOWHERE), and the draft it became."""

    vertex: int
    body: Spec | DagBody
    place: Place
    draft: "Draft | None" = None


@define(eq=False)
class Draft:
    """One Spec; its bodies are drafts of their own."""

    spec: Spec
    place: Place
    depth: int
    vertices: list[Vertex] = Factory(list)
    scopes: list[Scope] = Factory(lambda: [Scope(NOWHERE, 0)])
    entries: list[Edge] = Factory(list)
    references: list[Edge] = Factory(list)
    joins: dict[str, JoinSlot] = Factory(dict)
    forks: dict[str, list[int]] = Factory(dict)
    ids: dict[str, list[int]] = Factory(dict)
    holes: list[Hole] = Factory(list)
    bodies: list[BodyUse] = Factory(list)

    def place_of_entry(self, index: int) -> Place:
        """A body that is one node has no `entryPoints`."""
        return self.place if self.spec.is_node else ((self.place, "entryPoints"), index)
