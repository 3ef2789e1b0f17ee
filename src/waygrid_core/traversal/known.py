"""What another traversal has already done, and what this one can take over of it."""

from collections.abc import Collection

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import FailNode, ForkNode, TaskNode
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import InputDigest, NodeId
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.template.template import Parameter, SecretReference
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.hindsight import Hindsight
from waygrid_core.traversal.preparation import Preparation
from waygrid_core.traversal.signals import Known, KnownKey
from waygrid_core.traversal.state import Failed, Succeeded, TraversalState


def input_digest(preparation: Preparation) -> InputDigest:
    """The digest of what an attempt is given: input, and parameters (of a secret, its reference)."""
    parameters = {name: _without_secrets(value) for name, value in preparation.parameters.items()}
    return InputDigest(digest_hex(canonical_json([preparation.input, parameters])))


def known_output(dag: Dag, known: Known, node: TaskNode, preparation: Preparation | ErrorDetail) -> JsonValue | Missing:
    """The output that `known` has for this work on this input, or `MISSING`.

    What is known whatever its input is so even for data that amounts to a failure.
    """
    digest = dag.digests.get(node.id)
    if digest is None:
        return MISSING
    whatever_its_input: KnownKey = (digest, None)
    if whatever_its_input in known:
        return known[whatever_its_input]
    if isinstance(preparation, ErrorDetail):
        return MISSING
    return known.get((digest, input_digest(preparation)), MISSING)


def done_by(dag: Dag, state: TraversalState, nodes: Collection[NodeId] | None = None) -> Known:
    """What the traversal of `state` has done that a new one may take over: of `nodes`, or by default of all.

    By default nothing, if the old one took a failure, timeout or always edge after a failure: what it did after that
    answers the failure, not the work. `dag` is the DAG that the old one ran.
    """
    if nodes is None and went_on_after_failure(dag, state):
        return {}
    known: dict[KnownKey, JsonValue] = {}
    hindsight = Hindsight(dag)
    for node_id, run in state.nodes.items():
        node = dag.nodes[node_id]
        if not isinstance(run, Succeeded) or not isinstance(node, TaskNode):
            continue
        if nodes is not None and node_id not in nodes:
            continue
        preparation = hindsight.prepared(state, node, run.arrived)
        if isinstance(preparation, Preparation):
            known[(dag.digests[node_id], input_digest(preparation))] = run.output
    return known


def went_on_after_failure(dag: Dag, state: TraversalState) -> bool:
    """Whether a token took an edge that a failure opened."""
    return any(_went_on_after_failure(dag, state, node) for node in state.failed)


def _went_on_after_failure(dag: Dag, state: TraversalState, node_id: NodeId) -> bool:
    """Whether the token of a failed node took an edge. An onTimeout is taken only if a timer ended the node."""
    node, run = dag.nodes[node_id], state.nodes[node_id]
    if isinstance(node, FailNode | ForkNode) or not isinstance(run, Failed):
        return False
    routes = node.routes
    after_timeout = run.timed_out and routes.timeout is not None
    return after_timeout or routes.failure is not None or routes.always is not None


def _without_secrets(value: Parameter) -> JsonValue:
    if isinstance(value, SecretReference):
        return {"$secret": {"path": value.path, "field": value.field, "version": value.version}}
    return value
