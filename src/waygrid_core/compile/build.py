"""The last pass: from a draft without faults to the nodes of the DAG and its annotations."""

from collections.abc import Mapping
from typing import Final

from waygrid_core.compile.draft import NOWHERE, ROOT_INDEX, Draft, Vertex
from waygrid_core.compile.identify import identify
from waygrid_core.dag.construct import construct_node
from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations, NodeAnnotation
from waygrid_core.dag.edge import Guard
from waygrid_core.dag.node import DagNode
from waygrid_core.dag.seal import seal
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeId, ScopeId, branch_scope
from waygrid_core.spec.node import BodyNode, ForkNode, JoinNode


def build(draft: Draft, salt: str, compiled: Mapping[int, CompiledDag]) -> CompiledDag:
    """The DAG of a draft. `compiled` has its bodies by vertex, and its onEnd at NOWHERE."""
    return _Building(draft, salt, compiled).run()


class _Building:
    """One draft while it is built."""

    def __init__(self, draft: Draft, salt: str, compiled: Mapping[int, CompiledDag]) -> None:
        self.draft = draft
        self.salt = salt
        self.compiled = compiled
        self.ids = identify(draft, salt)
        self.scopes = self._scope_ids()
        # The join that ends each scope; of the root none.
        self.ends = [
            None if scope.join_node_id is None else draft.joins[scope.join_node_id].vertex for scope in draft.scopes
        ]

    def run(self) -> CompiledDag:
        spec = self.draft.spec
        nodes: dict[NodeId, DagNode] = {}
        author_ids: dict[NodeId, str] = {}
        annotations: dict[NodeId, NodeAnnotation] = {}
        for index, vertex in enumerate(self.draft.vertices):
            node = vertex.node
            node_id = self.ids[index]
            nodes[node_id] = self._node(index, vertex)
            if node.id is not None:
                author_ids[node_id] = node.id
            body = self.compiled[index].annotations if index in self.compiled else None
            if node.label is not None or node.description is not None or (body is not None and body != _NOTHING_SAID):
                annotations[node_id] = NodeAnnotation(label=node.label, description=node.description, body=body)
        bodies: dict[DagHash, Dag] = {}
        for inner in self.compiled.values():
            bodies[inner.dag.hash] = inner.dag
            bodies.update(inner.bodies)
        on_end = self.compiled.get(NOWHERE)
        dag = seal(
            nodes=nodes,
            entry_points=tuple(self.ids[edge.target] for edge in self.draft.entries),
            author_ids=author_ids,
            repeat_policy=spec.repeat_policy,
            timeout=spec.timeout,
            on_end=None if on_end is None else on_end.dag.hash,
            salt=self.salt,
            bodies=bodies,
            guards=spec.guards,
            signals=spec.signals,
        )
        said = DagAnnotations(
            name=spec.name,
            description=spec.description,
            nodes=annotations,
            on_end=None if on_end is None or on_end.annotations == _NOTHING_SAID else on_end.annotations,
            guarantees=spec.guarantees,
        )
        return CompiledDag(dag=dag, bodies=bodies, annotations=said)

    def _scope_ids(self) -> list[ScopeId]:
        return [
            ROOT_SCOPE if index == ROOT_INDEX else branch_scope(self.ids[scope.fork], scope.branch)
            for index, scope in enumerate(self.draft.scopes)
        ]

    def _node(self, index: int, vertex: Vertex) -> DagNode:
        node, draft = vertex.node, self.draft
        partner: int | None = None
        if isinstance(node, ForkNode):
            partner = draft.joins[node.join_node_id].vertex
        elif isinstance(node, JoinNode):
            partner = draft.forks[node.join_node_id][0]
        end = self.ends[vertex.scope]
        return construct_node(
            node,
            self.ids[index],
            self.scopes[vertex.scope],
            {edge.guard: self.ids[edge.target] for edge in vertex.edges} if vertex.edges else _NO_TARGETS,
            partner=None if partner is None else self.ids[partner],
            body=self.compiled[index].dag.hash if isinstance(node, BodyNode) else None,
            end=None if end is None else self.ids[end],
        )


_NO_TARGETS: Final[Mapping[Guard, NodeId]] = {}
_NOTHING_SAID: Final = DagAnnotations()
