"""The first pass: from the tree of a Spec to vertices and edges.

The copies of one join are one vertex. Which copy it is made of: the first whole one that stands in its place, that is
in a branch of its fork, or inline in the fork; only if there is none, one that stands elsewhere.
"""

from waygrid_core.compile.draft import NOWHERE, ROOT_INDEX, BodyUse, Draft, Edge, JoinSlot, Scope, Vertex
from waygrid_core.dag.named_nodes import PlacedNode
from waygrid_core.spec.node import (
    CallNode,
    EachNode,
    FailNode,
    ForkNode,
    Hole,
    JoinNode,
    LoopNode,
    Reference,
    Spec,
)
from waygrid_core.spec.place import Place


def flatten(spec: Spec, place: Place, depth: int) -> Draft:
    """The draft of one Spec. Its bodies are listed, not flattened."""
    draft = Draft(spec, place, depth)
    if spec.on_end is not None:
        draft.bodies.append(BodyUse(NOWHERE, spec.on_end, (place, "onEnd")))
    _Flattening(draft).run()
    return draft


class _Flattening:
    """The walk: a stack of edges whose ends are still to be visited."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.waiting: list[Edge] = []
        self.out_of_place: list[Edge] = []

    def run(self) -> None:
        draft = self.draft
        for index, node in enumerate(draft.spec.entry_points):
            draft.entries.append(Edge(NOWHERE, f"entry:{index}", node, ROOT_INDEX, draft.place_of_entry(index)))
        self.waiting.extend(reversed(draft.entries))
        self._visit_waiting()
        for edge in self.out_of_place:
            self._take_misplaced_copy(edge)
            self._visit_waiting()

    def _visit_waiting(self) -> None:
        waiting = self.waiting
        while waiting:
            edge = waiting.pop()
            node = edge.to
            if isinstance(node, Reference):
                self.draft.references.append(edge)
            elif isinstance(node, JoinNode):
                self._visit_join(edge, node)
            elif isinstance(node, Hole):
                self._visit_hole(edge, node)
            else:
                edge.target = self._add(edge, node, edge.scope)

    def _visit_join(self, edge: Edge, node: JoinNode) -> None:
        draft = self.draft
        scope = draft.scopes[edge.scope]
        if scope.is_limbo:
            self._add(edge, node, edge.scope)
            return
        join_node_id = node.join_node_id
        if edge.guard == "join":
            fork = draft.vertices[edge.source].node
            assert isinstance(fork, ForkNode), "only a fork has an inline join"
            is_in_place, join_scope = True, edge.scope
            slot = self._slot(fork.join_node_id)
            if join_node_id != fork.join_node_id:
                slot.misplaced.append(edge)
        else:
            is_in_place, join_scope = scope.join_node_id == join_node_id, scope.parent
            slot = self._slot(join_node_id)
        slot.uses.append(edge)
        if node.strategy is None:
            return
        if not is_in_place:
            self.out_of_place.append(edge)
        elif slot.vertex == NOWHERE:
            slot.vertex = self._add(edge, node, join_scope)
        else:
            slot.copies.append(edge)

    def _take_misplaced_copy(self, edge: Edge) -> None:
        node = edge.to
        assert isinstance(node, JoinNode), "only joins are out of place"
        slot = self._slot(node.join_node_id)
        if slot.vertex != NOWHERE:
            slot.copies.append(edge)
            return
        forks = self.draft.forks.get(node.join_node_id)
        scope = edge.scope if forks is None else self.draft.vertices[forks[0]].scope
        slot.vertex = self._add(edge, node, scope)

    def _visit_hole(self, edge: Edge, hole: Hole) -> None:
        self.draft.holes.append(hole)
        if not hole.below:
            return
        scopes = self.draft.scopes
        scopes.append(Scope(edge.scope, scopes[edge.scope].depth, is_limbo=True))
        limbo = len(scopes) - 1
        for node in reversed(hole.below):
            self.waiting.append(Edge(NOWHERE, "below", node, limbo, node.place))

    def _slot(self, join_node_id: str) -> JoinSlot:
        slot = self.draft.joins.get(join_node_id)
        if slot is None:
            slot = self.draft.joins[join_node_id] = JoinSlot()
        return slot

    def _add(self, edge: Edge, node: PlacedNode, scope: int) -> int:
        draft = self.draft
        index = len(draft.vertices)
        edges: list[Edge] = []
        draft.vertices.append(Vertex(node, scope, edge.source, edge.guard, edge.place, edges))
        if node.id is not None:
            draft.ids.setdefault(node.id, []).append(index)
        place = edge.place
        if isinstance(node, ForkNode):
            self._add_branches(node, index, scope, place, edges)
        elif not isinstance(node, FailNode):
            if isinstance(node, CallNode | EachNode | LoopNode):
                draft.bodies.append(BodyUse(index, node.body, (place, "body")))
            if not isinstance(node, JoinNode) and node.on_conditions:
                list_place = (place, "onConditions")
                for at, conditional in enumerate(node.on_conditions):
                    to_place = ((list_place, at), "to")
                    edges.append(Edge(index, f"condition:{at}", conditional.to, scope, to_place))
            ends = node.ends
            if ends.on_success is not None:
                edges.append(Edge(index, "success", ends.on_success, scope, (place, "onSuccess")))
            if ends.on_failure is not None:
                edges.append(Edge(index, "failure", ends.on_failure, scope, (place, "onFailure")))
            if ends.on_timeout is not None:
                edges.append(Edge(index, "timeout", ends.on_timeout, scope, (place, "onTimeout")))
            if ends.always is not None:
                edges.append(Edge(index, "always", ends.always, scope, (place, "always")))
        if len(edges) == 1:
            self.waiting.append(edges[0])
        else:
            self.waiting.extend(reversed(edges))
        return index

    def _add_branches(self, node: ForkNode, index: int, scope: int, place: Place, edges: list[Edge]) -> None:
        draft = self.draft
        draft.forks.setdefault(node.join_node_id, []).append(index)
        depth = draft.scopes[scope].depth + 1
        branches_place = (place, "branches")
        for name in sorted(node.branches):
            draft.scopes.append(Scope(scope, depth, index, name, node.join_node_id))
            branch = node.branches[name]
            edges.append(Edge(index, f"branch:{name}", branch, len(draft.scopes) - 1, (branches_place, name)))
        if node.join is not None:
            edges.append(Edge(index, "join", node.join, scope, (place, "join")))
