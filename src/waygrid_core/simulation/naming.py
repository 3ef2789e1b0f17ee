"""What nodes are called in scenarios (and in guarantees), and where in the nesting of traversals a name belongs.

A name is a node's id, else its label, else its address without scheme; of a join without an id its joinNodeId. A node
in a body is `<parent>/<name>`, one in an onEnd `onEnd/<name>`. Forks have none, nor have passes and fails that nobody
named.
"""

from typing import Final, assert_never

from attrs import frozen

from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.node import (
    AwaitWork,
    CallWork,
    DagNode,
    EachWork,
    FailNode,
    ForkNode,
    JoinNode,
    LoopWork,
    PassNode,
    ServiceWork,
    TaskNode,
)
from waygrid_core.model.identifiers import DagHash, NodeId

ON_END: Final = "onEnd"
NO_ANNOTATIONS: Final = DagAnnotations()


@frozen
class Place:
    """Where a traversal stands: the prefix of its nodes' names, and of each `each` around it the member's index.

    Attempts of a call, rounds and runs share their place; members of an each share its prefix alone.
    """

    prefix: str = ""
    members: tuple[int, ...] = ()

    def inside(self, name: str | None) -> "Place":
        """The place of the body of the node called `name` here."""
        return Place(f"{self.prefix}{name}/", self.members)

    def member(self, index: int) -> "Place":
        """The place of one member of the each whose place this is."""
        return Place(self.prefix, (*self.members, index))


MAIN_PLACE: Final = Place()


def name_of(dag: Dag, annotations: DagAnnotations, node: DagNode) -> str | None:
    """The name of a node among those of its DAG; None if it has none."""
    if isinstance(node, ForkNode):
        return None
    author_id = dag.author_ids.get(node.id)
    if author_id is not None:
        return author_id
    if isinstance(node, JoinNode):
        return node.join_node_id
    annotation = annotations.nodes.get(node.id)
    if annotation is not None and annotation.label is not None:
        return annotation.label
    match node:
        case TaskNode():
            return node.address.short
        case PassNode() | FailNode():
            return None
        case _:
            assert_never(node)


def names_of(dag: Dag, annotations: DagAnnotations) -> dict[NodeId, str]:
    """The names of all nodes of a DAG that have one."""
    named = ((node.id, name_of(dag, annotations, node)) for node in dag.nodes.values())
    return {node: name for node, name in named if name is not None}


def body_annotations(annotations: DagAnnotations, node: NodeId) -> DagAnnotations:
    """What is for people in the body of a node."""
    annotation = annotations.nodes.get(node)
    return NO_ANNOTATIONS if annotation is None or annotation.body is None else annotation.body


def on_end_annotations(annotations: DagAnnotations) -> DagAnnotations:
    """What is for people in the onEnd of a DAG."""
    return NO_ANNOTATIONS if annotations.on_end is None else annotations.on_end


def body_of(node: DagNode) -> DagHash | None:
    """The body of a call, each or loop."""
    if not isinstance(node, TaskNode):
        return None
    match node.work:
        case CallWork(body=body) | EachWork(body=body) | LoopWork(body=body):
            return body
        case ServiceWork() | AwaitWork():
            return None
        case _:
            assert_never(node.work)


class NameBook:
    """Which names there are in a DAG, its bodies and their onEnds. Reads a DAG only when a name could stand there."""

    __slots__ = ("_by_dag", "_compiled")

    def __init__(self, compiled: CompiledDag) -> None:
        self._compiled = compiled
        self._by_dag: dict[tuple[DagHash, int], dict[str, list[NodeId]]] = {}

    def has(self, name: str) -> bool:
        """Whether any node is called `name`."""
        pending: list[tuple[Dag, DagAnnotations, str]] = [(self._compiled.dag, self._compiled.annotations, name)]
        while pending:
            dag, annotations, rest = pending.pop()
            names = self._names(dag, annotations)
            if rest in names:
                return True
            # Names have slashes of their own (`processor/openai`), so the parent may end at any of them.
            for end in (index for index, character in enumerate(rest) if character == "/"):
                parent, inner = rest[:end], rest[end + 1 :]
                for node in names.get(parent, ()):
                    body = body_of(dag.nodes[node])
                    if body is not None:
                        pending.append((self._compiled[body], body_annotations(annotations, node), inner))
                if parent == ON_END and dag.on_end is not None:
                    pending.append((self._compiled[dag.on_end], on_end_annotations(annotations), inner))
        return False

    def _names(self, dag: Dag, annotations: DagAnnotations) -> dict[str, list[NodeId]]:
        key = (dag.hash, id(annotations))  # annotations live as long as what was compiled, so their id is theirs
        if key not in self._by_dag:
            names: dict[str, list[NodeId]] = {}
            for node, name in names_of(dag, annotations).items():
                names.setdefault(name, []).append(node)
            self._by_dag[key] = names
        return self._by_dag[key]
