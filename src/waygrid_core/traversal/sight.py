"""What a node can see: the payload, what arrived at it, its traversal, and the outputs of nodes."""

from collections.abc import Container

from waygrid_core.dag.dag import Dag
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.template.evaluate import Sight
from waygrid_core.traversal.fold import Draft
from waygrid_core.traversal.state import Succeeded, TraversalState


def sight_at(dag: Dag, state: Draft | TraversalState, arrived: JsonValue, not_yet: Container[NodeId] = ()) -> Sight:
    """What a node sees when `arrived` has arrived at it. Of the nodes in `not_yet` it sees no outputs."""

    def output_of(author_id: str) -> JsonValue | Missing:
        node = dag.node_named.get(author_id)
        run = None if node is None or node in not_yet else state.nodes.get(node)
        return run.output if isinstance(run, Succeeded) else MISSING

    return Sight(state.payload, arrived, state.traversal, state.run, output_of)


def sight_after(dag: Dag, state: Draft | TraversalState, arrived: JsonValue, node: NodeId, output: JsonValue) -> Sight:
    """What the conditions of `node` see: the same, and the output that it is about to have."""
    before = sight_at(dag, state, arrived)
    own_name = dag.author_ids.get(node)

    def output_of(author_id: str) -> JsonValue | Missing:
        return output if author_id == own_name else before.output_of(author_id)

    return Sight(state.payload, arrived, state.traversal, state.run, output_of)
