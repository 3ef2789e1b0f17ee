"""An attempt or a node ends: where its token goes next."""

from typing import Final

from waygrid_core.condition.evaluate import holds
from waygrid_core.dag.node import RoutedNode, TaskNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delay import next_delay
from waygrid_core.traversal.decision import Decision, Enter, ScopeFailed, ScopeSucceeded
from waygrid_core.traversal.error import NEVER_RETRIED, ErrorDetail
from waygrid_core.traversal.events import NodeFailed, NodeSucceeded, NodeTimedOut, RetryScheduled
from waygrid_core.traversal.sight import sight_after
from waygrid_core.traversal.state import NO_MEMORIES, InFlight
from waygrid_core.traversal.timers import node_timer

_NO_ROUTE: Final = ErrorDetail("no-route", "no condition holds, and there is no onSuccess or always")


def succeed(decision: Decision, node: RoutedNode, attempt: int, arrived: JsonValue, output: JsonValue) -> None:
    """The node succeeds; the first condition that holds, onSuccess, always, or the end of its scope comes next."""
    routes = node.routes
    target = routes.success or routes.always
    if routes.conditions:
        sight = sight_after(decision.dag, decision.draft, arrived, node.id, output)
        for condition, to in routes.conditions:
            if holds(condition, output, sight):
                target = to
                break
        if target is None:
            fail_for_good(decision, node, attempt, arrived, _NO_ROUTE)
            return
    decision.record(NodeSucceeded(node.id, attempt, arrived, output))
    if target is None:
        decision.agenda.append(ScopeSucceeded(node.scope, output))
    else:
        decision.agenda.append(Enter(target, node.scope, output))


def fail_attempt(decision: Decision, node: TaskNode, run: InFlight, error: ErrorDetail, *, timed_out: bool) -> None:
    """The attempt failed; it is made again, if a retry is left and its code allows."""
    attempt, traversal, delay = run.attempt, decision.draft.traversal, None
    if error.code not in NEVER_RETRIED:
        delay = next_delay(node.retry_policy, _tries(decision, node.id, run), error.code, traversal, node.id)
    if delay is None:
        fail_for_good(decision, node, attempt, run.arrived, error, timed_out=timed_out)
        return
    due = decision.after(delay)
    decision.record(RetryScheduled(node.id, attempt, error, timed_out, due))
    decision.ledger.schedule("node", node_timer(traversal, node.id, attempt, "retry"), due)


def _tries(decision: Decision, node: NodeId, run: InFlight) -> int:
    """Which try the attempt is. Of a node of a user's kind, an attempt that asks again is none."""
    memories = decision.draft.memories
    if memories is NO_MEMORIES or node not in memories.rounds:
        return run.attempt
    return run.attempt - memories.rounds[node].number + 1


def fail_for_good(
    decision: Decision,
    node: RoutedNode,
    attempt: int,
    arrived: JsonValue,
    error: ErrorDetail,
    *,
    timed_out: bool = False,
) -> None:
    """The node fails; onTimeout (if a timer ended it), onFailure, always, or the end of its scope comes next."""
    ended = NodeTimedOut if timed_out else NodeFailed
    decision.record(ended(node.id, attempt, arrived, error))
    described = describe_error(decision, node.id, attempt, error)
    follow_failure(decision, node, error, {"error": described, "input": arrived}, timed_out=timed_out)


def follow_failure(
    decision: Decision, node: RoutedNode, error: ErrorDetail, handed: JsonValue, *, timed_out: bool
) -> None:
    """Go on from a node that has failed; `handed` is what arrives at its handler."""
    routes = node.routes
    target = (routes.timeout if timed_out else None) or routes.failure or routes.always
    if target is None:
        decision.agenda.append(ScopeFailed(node.scope, error, timed_out))
    else:
        decision.agenda.append(Enter(target, node.scope, handed))


def describe_error(decision: Decision, node: NodeId, attempt: int, error: ErrorDetail) -> dict[str, JsonValue]:
    """The `error` that a handler is given: code, message, the node's id (else its NodeId), attempt."""
    return {**error.to_json(), "node": decision.dag.author_ids.get(node, node), "attempt": attempt}
