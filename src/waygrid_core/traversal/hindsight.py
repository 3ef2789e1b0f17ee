"""What tasks were given, told once they have ended: the outputs that their templates saw, and none that came later."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from attrs import frozen

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.edge import edges_from
from waygrid_core.dag.node import DagNode, ForkNode, TaskNode
from waygrid_core.dag.paths import closing_edges
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.preparation import Preparation, prepare
from waygrid_core.traversal.state import TraversalState


class Hindsight:
    """Tells it for the tasks of `dag`: one for all of them, for it finds out once what comes after what."""

    def __init__(self, dag: Dag) -> None:
        self._dag = dag

    def prepared(self, state: TraversalState, node: TaskNode, arrived: JsonValue) -> Preparation | ErrorDetail:
        """What `node` was given when `arrived` arrived at it, whatever has run since."""
        return prepare(self._dag, state, node, arrived, _NotYet(self, node.id))

    def is_not_before(self, node: NodeId, other: NodeId) -> bool:
        """Whether `node` comes after `other`, or is it."""
        return node == other or bool(self._after[other] >> self._places[node] & 1)

    @cached_property
    def _places(self) -> Mapping[NodeId, int]:
        return {node: place for place, node in enumerate(self._dag.nodes)}

    @cached_property
    def _after(self) -> Mapping[NodeId, int]:
        """The nodes that come after each, as bits of a number: 10 000 nodes have 10^8 pairs, too many for sets."""
        successors = [[self._places[each] for each in _next_ones(self._dag, node)] for node in self._dag.nodes.values()]
        backwards: list[int] = []
        for _ in closing_edges(successors, backwards):
            raise AssertionError("a DAG has no cycle")
        after = [0] * len(successors)
        for place in backwards:
            for target in successors[place]:
                after[place] |= after[target] | 1 << target
        return dict(zip(self._dag.nodes, after, strict=True))


@frozen
class _NotYet:
    """The node at which a token arrives, and whatever comes after it. Found out only if a template asks."""

    hindsight: Hindsight
    node: NodeId

    def __contains__(self, node: object) -> bool:
        assert isinstance(node, str), "it is asked about nodes"
        return self.hindsight.is_not_before(NodeId(node), self.node)


def _next_ones(dag: Dag, node: DagNode) -> Iterator[NodeId]:
    """Where a token may go from a node; a branch that fails leads to its join, too, without an edge."""
    for _, target in edges_from(node):
        yield target
    scope = dag.scopes.get(node.scope)
    if scope is not None:
        fork = dag.nodes[scope.fork]
        assert isinstance(fork, ForkNode), "a branch's scope belongs to a fork"
        yield fork.join
