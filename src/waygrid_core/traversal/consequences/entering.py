"""A token reaches a node."""

from datetime import datetime, timedelta
from typing import assert_never

from waygrid_core.dag.node import FailNode, ForkNode, JoinNode, PassNode, TaskNode
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.identifiers import NodeId, ScopeId
from waygrid_core.model.instant import parse_instant
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.outcome import Failure
from waygrid_core.policy.delivery import Immediate, ScheduleAfter, ScheduleAt
from waygrid_core.template.evaluate import evaluate, read_operand
from waygrid_core.traversal.consequences.forking import open_fork
from waygrid_core.traversal.consequences.node_ends import fail_for_good, succeed
from waygrid_core.traversal.decision import Decision, ScopeFailed, ScopeSucceeded
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeAsked, NodeDispatched, NodeFailed, NodeScheduled
from waygrid_core.traversal.known import known_output
from waygrid_core.traversal.preparation import Preparation, RoundPreparation, prepare
from waygrid_core.traversal.sight import sight_at
from waygrid_core.traversal.timers import node_timer

FIRST_ATTEMPT = 1


def enter(decision: Decision, node_id: NodeId, scope: ScopeId, arrived: JsonValue) -> None:
    """The token of `scope` reaches `node_id`, and `arrived` with it."""
    node = decision.dag.nodes[node_id]
    match node:
        case TaskNode():
            _enter_task(decision, node, arrived)
        case PassNode():
            _enter_pass(decision, node, arrived)
        case JoinNode():
            decision.agenda.append(ScopeSucceeded(scope, arrived))
        case ForkNode():
            open_fork(decision, node, arrived)
        case FailNode():
            _enter_fail(decision, node, arrived)
        case _:
            assert_never(node)


def dispatch(
    decision: Decision,
    node: TaskNode,
    attempt: int,
    arrived: JsonValue,
    preparation: Preparation,
    due: datetime | Missing | None = MISSING,
) -> None:
    """Have attempt `attempt` made, bounded by the node's timeout, or by the instant `due` if that is given."""
    if isinstance(due, Missing):
        due = None if node.timeout is None else decision.after(node.timeout)
    if isinstance(preparation, RoundPreparation):
        decision.record(NodeAsked(node.id, attempt, preparation.memory))
    scope = decision.dag.scopes.get(node.scope) if node.scope else None
    branch = None if scope is None else scope.branch
    given, parameters = preparation.input, preparation.parameters
    decision.record(NodeDispatched(node.id, node.scope, attempt, arrived, given, parameters, branch, due))
    decision.ledger.dispatch(DispatchNode(node.id, attempt, given, parameters, branch))
    if due is not None:
        decision.ledger.schedule("node", node_timer(decision.draft.traversal, node.id, attempt, "timeout"), due)


def resume_task(decision: Decision, node: TaskNode, arrived: JsonValue) -> None:
    """The wait of a task's delivery strategy is over: dispatch its first attempt."""
    preparation = prepare(decision.dag, decision.draft, node, arrived)
    if isinstance(preparation, ErrorDetail):
        fail_for_good(decision, node, FIRST_ATTEMPT, arrived, preparation)
    else:
        dispatch(decision, node, FIRST_ATTEMPT, arrived, preparation)


def resume_pass(decision: Decision, node: PassNode, arrived: JsonValue) -> None:
    """A pass succeeds with its output template; without one, with what arrived."""
    if node.output is None:
        output = arrived
    else:
        output = evaluate(node.output, sight_at(decision.dag, decision.draft, arrived))
    succeed(decision, node, FIRST_ATTEMPT, arrived, output)


def _enter_task(decision: Decision, node: TaskNode, arrived: JsonValue) -> None:
    preparation = prepare(decision.dag, decision.draft, node, arrived)
    if decision.draft.known:
        output = known_output(decision.dag, decision.draft.known, node, preparation)
        if not isinstance(output, Missing):
            succeed(decision, node, FIRST_ATTEMPT, arrived, output)
            return
    if isinstance(preparation, ErrorDetail):
        fail_for_good(decision, node, FIRST_ATTEMPT, arrived, preparation)
        return
    due = _due(decision, node, arrived)
    if due is None:
        dispatch(decision, node, FIRST_ATTEMPT, arrived, preparation)
    else:
        _wait_or_fail(decision, node, arrived, due)


def _enter_pass(decision: Decision, node: PassNode, arrived: JsonValue) -> None:
    due = _due(decision, node, arrived)
    if due is None:
        resume_pass(decision, node, arrived)
    else:
        _wait_or_fail(decision, node, arrived, due)


def _enter_fail(decision: Decision, node: FailNode, arrived: JsonValue) -> None:
    sight = sight_at(decision.dag, decision.draft, arrived)
    code = read_operand(node.code, sight)
    message = "" if node.message is None else read_operand(node.message, sight)
    if isinstance(code, str) and isinstance(message, str):
        error = ErrorDetail(code, message)
    else:
        error = ErrorDetail("bad-value", "the code and the message of a fail must be texts")
    decision.record(NodeFailed(node.id, FIRST_ATTEMPT, arrived, error))
    decision.agenda.append(ScopeFailed(node.scope, error, timed_out=False))


def _wait_or_fail(
    decision: Decision, node: TaskNode | PassNode, arrived: JsonValue, due: datetime | ErrorDetail
) -> None:
    if isinstance(due, ErrorDetail):
        fail_for_good(decision, node, FIRST_ATTEMPT, arrived, due)
        return
    decision.record(NodeScheduled(node.id, node.scope, arrived, due))
    decision.ledger.schedule("node", node_timer(decision.draft.traversal, node.id, FIRST_ATTEMPT, "resume"), due)


def _due(decision: Decision, node: TaskNode | PassNode, arrived: JsonValue) -> datetime | ErrorDetail | None:
    """When the node's delivery strategy has it go on; None for at once."""
    match node.delivery_strategy:
        case Immediate():
            return None
        case ScheduleAfter(delay=delay):
            if isinstance(delay, timedelta):
                return decision.after(delay)
            text = read_operand(delay, sight_at(decision.dag, decision.draft, arrived))
            parsed = parse_duration(text) if isinstance(text, str) else Failure("a delay must be a text such as 5s")
            if isinstance(parsed, Failure):
                return ErrorDetail("bad-value", parsed.failure())
            return decision.after(parsed.unwrap())
        case ScheduleAt(time=time):
            if isinstance(time, datetime):
                return time if time > decision.now else None
            text = read_operand(time, sight_at(decision.dag, decision.draft, arrived))
            instant = parse_instant(text) if isinstance(text, str) else Failure("a time must be an RFC 3339 text")
            if isinstance(instant, Failure):
                return ErrorDetail("bad-value", instant.failure())
            return instant.unwrap() if instant.unwrap() > decision.now else None
        case _:
            assert_never(node.delivery_strategy)
