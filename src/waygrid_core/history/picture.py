"""The nodes of a traversal, one by one, as people see them."""

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen

from waygrid_core.children.identity import dispatched_child_id
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.flat_writing import type_of
from waygrid_core.dag.node import DagNode, ForkNode, TaskNode, body_of
from waygrid_core.extension.look import NodeStatus
from waygrid_core.history.standing import Standing, in_reading_order
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.hindsight import Hindsight
from waygrid_core.traversal.node_status import NOT_REACHED, node_status
from waygrid_core.traversal.preparation import Preparation
from waygrid_core.traversal.state import (
    BackingOff,
    Canceled,
    Failed,
    InFlight,
    Joining,
    NodeRun,
    Succeeded,
    TraversalState,
    Waiting,
)


@frozen(kw_only=True)
class NodePicture:
    """A node: `input` is what its service is given, or what arrived at it; `child` the traversal that runs for it.

    `due` is when its timer fires: of its delivery, its retry or its timeout. `attempt` is 0 if none has been made.
    """

    id: NodeId
    name: str
    kind: str
    status: NodeStatus
    attempt: int = 0
    due: datetime | None = None
    input: JsonValue = None
    output: JsonValue = None
    error: ErrorDetail | None = None
    child: TraversalId | None = None


def pictures(standing: Standing, state: TraversalState) -> tuple[NodePicture, ...]:
    """All nodes but forks, whose joins tell, in reading order; none while nothing but a cancel has been heard."""
    dag = standing.dag
    if dag is None:
        return ()
    return tuple(_pictures(standing, dag, state))


def _pictures(standing: Standing, dag: Dag, state: TraversalState) -> Iterator[NodePicture]:
    hindsight = Hindsight(dag)
    for node in in_reading_order(dag):
        if not isinstance(node, ForkNode):
            run = state.nodes.get(node.id)
            name = standing.name(node.id)
            yield _not_reached(node, name) if run is None else _picture(hindsight, state, node, name, run)


def _not_reached(node: DagNode, name: str) -> NodePicture:
    return NodePicture(id=node.id, name=name, kind=type_of(node), status=NOT_REACHED)


def _picture(hindsight: Hindsight, state: TraversalState, node: DagNode, name: str, run: NodeRun) -> NodePicture:
    attempt = 0 if isinstance(run, Waiting | Joining) else run.attempt
    return NodePicture(
        id=node.id,
        name=name,
        kind=type_of(node),
        status=node_status(run),
        attempt=attempt,
        due=run.due if isinstance(run, Waiting | InFlight | BackingOff | Joining) else None,
        input=_input(hindsight, state, node, run),
        output=run.output if isinstance(run, Succeeded) else None,
        error=run.error if isinstance(run, Failed | BackingOff) else None,
        child=_child(state, node, run, attempt),
    )


def _input(hindsight: Hindsight, state: TraversalState, node: DagNode, run: NodeRun) -> JsonValue:
    match run:
        case InFlight(input=given) | BackingOff(input=given):
            return given
        case Waiting(arrived=arrived) | Succeeded(arrived=arrived) | Failed(arrived=arrived):
            prepared = hindsight.prepared(state, node, arrived) if isinstance(node, TaskNode) else None
            return prepared.input if isinstance(prepared, Preparation) else arrived
        case Joining() | Canceled():
            return None


def _child(state: TraversalState, node: DagNode, run: NodeRun, attempt: int) -> TraversalId | None:
    """Of a call, each or loop; what was taken over, or failed by its data alone, has none, but its id does no harm."""
    if attempt == 0 or body_of(node) is None:
        return None
    return dispatched_child_id(state.traversal, node.id, attempt)
