"""What a task was given, told once it has ended: the outputs that its templates saw, and none that came later."""

from functools import cached_property

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.edge import edges_from
from waygrid_core.dag.node import ForkNode, TaskNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.preparation import Preparation, prepare
from waygrid_core.traversal.state import TraversalState


def prepared_then(dag: Dag, state: TraversalState, node: TaskNode, arrived: JsonValue) -> Preparation | ErrorDetail:
    """What `node` was given when `arrived` arrived at it, whatever has run since."""
    return prepare(dag, state, node, arrived, _NotYet(dag, node))


class _NotYet:
    """The node at which a token arrives, and whatever comes after it. Gathered only if a template asks."""

    def __init__(self, dag: Dag, node: TaskNode) -> None:
        self._dag = dag
        self._node = node

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    @cached_property
    def _nodes(self) -> frozenset[NodeId]:
        found: set[NodeId] = set()
        waiting = [self._node.id, *self._joins_around()]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting.extend(target for _, target in edges_from(self._dag.nodes[node]))
        return frozenset(found)

    def _joins_around(self) -> list[NodeId]:
        """A branch that fails leads to its join, too, without an edge."""
        joins: list[NodeId] = []
        scope = self._dag.scopes.get(self._node.scope)
        while scope is not None:
            fork = self._dag.nodes[scope.fork]
            assert isinstance(fork, ForkNode), "a branch's scope belongs to a fork"
            joins.append(fork.join)
            scope = self._dag.scopes.get(scope.parent)
        return joins
