"""What nodes are called in scenarios (and in guarantees), and where in the nesting of traversals a name belongs.

A node in a body is `<parent>/<name>`, one in an onEnd `onEnd/<name>`; names themselves are those of
`waygrid_core.dag.naming`.
"""

from typing import Final

from attrs import frozen

from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.naming import body_annotations, names_of, on_end_annotations
from waygrid_core.dag.node import body_of
from waygrid_core.model.identifiers import DagHash, NodeId

ON_END: Final = "onEnd"


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
