"""`Told`: what a user says in the words of the Spec, and what the signal of that type does about it."""

from typing import assert_never

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import PassNode, TaskNode
from waygrid_core.extension.asked_guards import actions_of
from waygrid_core.extension.calling import Broken
from waygrid_core.extension.extension import SignalKind
from waygrid_core.extension.look import Action, End, EndBranches, FailNode, Look, NodeStatus, SucceedNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.consequences.canceling import withdraw
from waygrid_core.traversal.consequences.closing import cancel
from waygrid_core.traversal.consequences.entering import FIRST_ATTEMPT
from waygrid_core.traversal.consequences.node_ends import fail_for_good, succeed
from waygrid_core.traversal.consequences.settle import settle
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import SignalHeard
from waygrid_core.traversal.handlers.steering import cancel_branches
from waygrid_core.traversal.node_status import NOT_REACHED, node_status
from waygrid_core.traversal.rejections import TraversalError, UnknownSignal
from waygrid_core.traversal.signals import CancelBranches, Told
from waygrid_core.traversal.state import BackingOff, InFlight, Waiting


def told(decision: Decision, signal: Told) -> TraversalError | None:
    """Do what the signal says, action by action. What is no longer possible is passed over, and heard all the same."""
    kind = kind_of(decision.dag, signal)
    if isinstance(kind, UnknownSignal):
        return kind
    if signal.id in decision.draft.memories.heard:
        return None
    look = Look(
        {name: _status(decision, node) for node, name in decision.dag.author_ids.items()},
        decision.draft.payload,
    )
    actions = actions_of(kind, look, signal.data)
    decision.record(SignalHeard(signal.id, signal.kind, signal.data))
    for action in () if isinstance(actions, Broken) else actions:
        if decision.draft.has_ended:
            return None
        _act(decision, action)
        settle(decision)
    return None


def kind_of(dag: Dag, signal: Told) -> SignalKind | UnknownSignal:
    """The signal of the Spec that `signal` means."""
    for kind in dag.signals:
        if kind.name == signal.kind:
            return kind
    return UnknownSignal(signal.kind, tuple(kind.name for kind in dag.signals))


def _status(decision: Decision, node: NodeId) -> NodeStatus:
    run = decision.draft.nodes.get(node)
    return NOT_REACHED if run is None else node_status(run)


def _act(decision: Decision, action: Action) -> None:
    match action:
        case SucceedNode(node=name, output=output):
            _end(decision, name, output)
        case FailNode(node=name, code=code, message=message):
            _end(decision, name, ErrorDetail(code, message))
        case EndBranches(join_node_id=join_node_id, branches=branches):
            cancel_branches(decision, CancelBranches(decision.draft.traversal, join_node_id, branches))
        case End(reason=reason):
            cancel(decision, reason)
        case _:
            assert_never(action)


def _end(decision: Decision, name: str, result: JsonValue | ErrorDetail) -> None:
    """End a node that waits or runs as somebody says; nobody waits for its attempt or its timer any more."""
    node_id = decision.dag.node_named.get(name)
    run = None if node_id is None else decision.draft.nodes.get(node_id)
    if node_id is None or not isinstance(run, Waiting | InFlight | BackingOff):
        return
    node = decision.dag.nodes[node_id]
    assert isinstance(node, TaskNode | PassNode), "only these wait or run"
    withdraw(decision, node_id, run)
    attempt = FIRST_ATTEMPT if isinstance(run, Waiting) else run.attempt
    if isinstance(result, ErrorDetail):
        fail_for_good(decision, node, attempt, run.arrived, result)
    else:
        succeed(decision, node, attempt, run.arrived, result)
