"""The last pass: from a draft without faults to the nodes of the DAG and its annotations."""

from collections.abc import Mapping
from typing import assert_never

from waygrid_core.compile.draft import NOWHERE, ROOT_INDEX, Draft, Vertex
from waygrid_core.compile.identify import identify
from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations, NodeAnnotation
from waygrid_core.dag.edge import ALWAYS, FAILURE, SUCCESS, TIMEOUT
from waygrid_core.dag.node import (
    NO_ROUTES,
    AwaitWork,
    CallWork,
    DagNode,
    EachWork,
    FailNode,
    ForkNode,
    JoinNode,
    LoopWork,
    PassNode,
    Routes,
    ServiceWork,
    TaskNode,
    Work,
)
from waygrid_core.dag.seal import seal
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeId, ScopeId, branch_scope
from waygrid_core.policy.join import And
from waygrid_core.spec import node as written


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
        node, node_id, scope = vertex.node, self.ids[index], self.scopes[vertex.scope]
        match node:
            case written.StandardNode():
                return TaskNode(
                    id=node_id,
                    scope=scope,
                    work=ServiceWork(node.address),
                    parameters=node.parameters,
                    input=node.input,
                    retry_policy=node.retry_policy,
                    delivery_strategy=node.delivery_strategy,
                    timeout=node.timeout,
                    routes=self._routes(vertex),
                )
            case written.PassNode():
                return PassNode(
                    id=node_id,
                    scope=scope,
                    output=node.output,
                    delivery_strategy=node.delivery_strategy,
                    routes=self._routes(vertex),
                )
            case written.FailNode():
                return FailNode(id=node_id, scope=scope, code=node.code, message=node.message)
            case written.AwaitNode():
                return TaskNode(
                    id=node_id,
                    scope=scope,
                    work=AwaitWork(node.event, node.key),
                    timeout=node.timeout,
                    routes=self._routes(vertex),
                )
            case written.CallNode() | written.EachNode() | written.LoopNode():
                return TaskNode(
                    id=node_id,
                    scope=scope,
                    work=self._work(index, node),
                    input=node.input,
                    retry_policy=node.retry_policy,
                    delivery_strategy=node.delivery_strategy,
                    timeout=node.timeout,
                    routes=self._routes(vertex),
                )
            case written.ForkNode():
                return self._fork(vertex, node, node_id, scope)
            case written.JoinNode():
                assert node.strategy is not None, "a vertex is made of a whole copy"
                return JoinNode(
                    id=node_id,
                    scope=scope,
                    fork=self.ids[self.draft.forks[node.join_node_id][0]],
                    join_node_id=node.join_node_id,
                    strategy=node.strategy,
                    timeout=node.timeout,
                    routes=self._routes(vertex),
                )
            case _:
                assert_never(node)

    def _fork(self, vertex: Vertex, node: written.ForkNode, node_id: NodeId, scope: ScopeId) -> ForkNode:
        names = sorted(node.branches)
        branches = zip(names, vertex.edges, strict=False)  # an inline join is one edge more
        return ForkNode(
            id=node_id,
            scope=scope,
            join=self.ids[self.draft.joins[node.join_node_id].vertex],
            join_node_id=node.join_node_id,
            branches=tuple((name, self.ids[edge.target]) for name, edge in branches),
            concurrency=node.concurrency,
        )

    def _work(self, index: int, node: written.BodyNode) -> Work:
        body = self.compiled[index].dag.hash
        match node:
            case written.CallNode():
                return CallWork(body)
            case written.EachNode():
                strategy = And() if node.strategy is None else node.strategy
                return EachWork(body, node.over, strategy, node.concurrency, node.at_most)
            case written.LoopNode():
                return LoopWork(body, node.until, node.at_most, node.every)
            case _:
                assert_never(node)

    def _routes(self, vertex: Vertex) -> Routes:
        """The edges of a vertex. A branch that would just end gets the edge into its join, so that both ways of
        writing it are one.
        """
        end = self.ends[vertex.scope]
        if not vertex.edges:
            return NO_ROUTES if end is None else Routes(success=self.ids[end])
        targets = {edge.guard: self.ids[edge.target] for edge in vertex.edges}
        node = vertex.node
        conditional = (
            node.on_conditions
            if isinstance(node, written.StandardNode | written.PassNode | written.AwaitNode | written.BodyNode)
            else ()
        )
        success = targets.get(SUCCESS)
        if end is not None and success is None and not conditional and ALWAYS not in targets:
            success = self.ids[end]
        return Routes(
            tuple((edge.condition, targets[f"condition:{at}"]) for at, edge in enumerate(conditional)),
            success,
            targets.get(FAILURE),
            targets.get(TIMEOUT),
            targets.get(ALWAYS),
        )


_NOTHING_SAID = DagAnnotations()
