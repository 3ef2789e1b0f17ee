"""What services answer: `NodeStart`, `NodeSuccess`, `NodeFailure`."""

from waygrid_core.dag.node import ExtensionWork, TaskNode
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.traversal.consequences.node_ends import fail_attempt, succeed
from waygrid_core.traversal.consequences.rounds import hear
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.events import NodeStarted
from waygrid_core.traversal.handlers.standing import attempt_of, refusal
from waygrid_core.traversal.rejections import TraversalError
from waygrid_core.traversal.signals import NodeFailure, NodeStart, NodeSuccess
from waygrid_core.traversal.state import InFlight
from waygrid_core.traversal.timers import node_timer


def node_start(decision: Decision, signal: NodeStart) -> TraversalError | None:
    """A service works on the attempt: worth knowing, and nothing follows from it."""
    found = attempt_of(decision, signal)
    if not isinstance(found, tuple):
        return refusal(found)
    if not found[1].started:
        decision.record(NodeStarted(signal.node, signal.attempt))
    return None


def node_success(decision: Decision, signal: NodeSuccess) -> TraversalError | None:
    """The attempt succeeded."""
    found = attempt_of(decision, signal)
    if not isinstance(found, tuple):
        return refusal(found)
    node, run = found
    _withdraw_timer(decision, node, run)
    empty: JsonValue = {}
    output = empty if isinstance(signal.output, Missing) else signal.output
    if isinstance(node.work, ExtensionWork):
        hear(decision, node, run, node.work.kind, output)
        return None
    succeed(decision, node, run.attempt, run.arrived, output)
    return None


def node_failure(decision: Decision, signal: NodeFailure) -> TraversalError | None:
    """The attempt failed. An answer with code `timeout` is a failure like any other."""
    found = attempt_of(decision, signal)
    if not isinstance(found, tuple):
        return refusal(found)
    node, run = found
    _withdraw_timer(decision, node, run)
    fail_attempt(decision, node, run, signal.error, timed_out=False)
    return None


def _withdraw_timer(decision: Decision, node: TaskNode, run: InFlight) -> None:
    if run.due is not None:
        decision.ledger.withdraw_timer(node_timer(decision.draft.traversal, node.id, run.attempt, "timeout"))
