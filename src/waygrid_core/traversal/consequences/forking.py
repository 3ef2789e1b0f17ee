"""A fork opens its branches; its join is judged after each that ends, and decided."""

from collections.abc import Mapping
from typing import Final, assert_never

from waygrid_core.dag.node import ForkNode, JoinNode
from waygrid_core.extension.asked_rules import verdict_of
from waygrid_core.extension.calling import EXTENSION_ERROR, Broken
from waygrid_core.extension.extension import JoinRule
from waygrid_core.extension.tally import Standing, Tally
from waygrid_core.model.identifiers import NodeId, branch_scope
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.join import And, JoinStrategy, Or, Quorum
from waygrid_core.template.evaluate import read_operand
from waygrid_core.traversal.consequences.canceling import cancel_branch
from waygrid_core.traversal.consequences.node_ends import describe_error, follow_failure, succeed
from waygrid_core.traversal.decision import Decision, Enter, OpenNextBranch
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import BranchOpened, ForkOpened, NodeFailed, NodeTimedOut
from waygrid_core.traversal.preparation import whole_number_from_one
from waygrid_core.traversal.sight import sight_at
from waygrid_core.traversal.state import BranchStatus, ForkRun, Joining
from waygrid_core.traversal.timers import node_timer

_STANDINGS: Final[Mapping[BranchStatus, Standing]] = {
    "succeeded": "succeeded",
    "failed": "lost",
    "timed-out": "lost",
    "canceled": "lost",
}
JOIN_ATTEMPT = 1
"""A join has no attempts; its timer and its errors count as those of the first."""


def open_fork(decision: Decision, fork: ForkNode, arrived: JsonValue) -> None:
    """The token becomes one a branch, as many as `concurrency` lets."""
    join = join_of(decision, fork)
    names = tuple(name for name, _ in fork.branches)
    needed = _needed(decision, join.strategy, names, arrived)
    due = None if join.timeout is None or needed is None else decision.after(join.timeout)
    counted = join.strategy.of if isinstance(join.strategy, And) else None
    decision.record(ForkOpened(fork.id, join.id, fork.scope, arrived, names, counted, needed or 0, due))
    if needed is None:
        error = ErrorDetail("bad-value", f"a quorum must be a whole number from 1 to {len(names)}")
        fail_join(decision, fork, error, timed_out=False)
        return
    if due is not None:
        decision.ledger.schedule("join", node_timer(decision.draft.traversal, join.id, JOIN_ATTEMPT, "timeout"), due)
    judge(decision, fork)


def open_next_branch(decision: Decision, fork_id: NodeId) -> None:
    """Open the next branch that waits, if the fork is open and has room."""
    run = decision.draft.forks[fork_id]
    fork = decision.dag.nodes[fork_id]
    assert isinstance(fork, ForkNode)
    if not run.is_open or (fork.concurrency is not None and run.running >= fork.concurrency):
        return
    for index in range(run.next, len(fork.branches)):
        name, head = fork.branches[index]
        if run.branches[name].status == "waiting":
            decision.record(BranchOpened(fork_id, name))
            decision.agenda.append(OpenNextBranch(fork_id))
            decision.agenda.append(Enter(head, branch_scope(fork_id, name), run.arrived))
            return


def judge(decision: Decision, fork: ForkNode) -> None:
    """Decide the join if it holds or can no longer hold; else let the next branch open."""
    run = decision.draft.forks[fork.id]
    if run.succeeded >= run.needed:
        join = join_of(decision, fork)
        if isinstance(join.strategy, JoinRule):
            _judge_by_rule(decision, fork, join.strategy, run)
        else:
            _hold(decision, fork, run)
    elif run.total - run.lost < run.needed:
        detail = f"needs {run.needed} successes; {run.succeeded} branches succeeded, {run.lost} did not"
        error = ErrorDetail("join-failed", detail)
        fail_join(decision, fork, error, timed_out=False)
    else:
        decision.agenda.append(OpenNextBranch(fork.id))


def _hold(decision: Decision, fork: ForkNode, run: ForkRun) -> None:
    """The join succeeds."""
    join = join_of(decision, fork)
    _cancel_rest(decision, fork, run)
    _withdraw_timer(decision, join)
    succeed(decision, join, JOIN_ATTEMPT, run.arrived, _outputs(run))


def _judge_by_rule(decision: Decision, fork: ForkNode, rule: JoinRule, run: ForkRun) -> None:
    """Decide as the rule says. Nobody left and no decision is a decision too."""
    tally = Tally(run.names, run.succeeded, run.lost, lambda name: _STANDINGS.get(run.branches[name].status, "left"))
    verdict = verdict_of(rule, tally)
    if verdict == "holds":
        _hold(decision, fork, run)
    elif isinstance(verdict, Broken):
        fail_join(decision, fork, ErrorDetail(EXTENSION_ERROR, verdict.message), timed_out=False)
    elif verdict == "cannot-hold" or tally.is_over:
        detail = f"{rule.name} does not hold; {run.succeeded} branches succeeded, {run.lost} did not"
        fail_join(decision, fork, ErrorDetail("join-failed", detail), timed_out=False)
    else:
        decision.agenda.append(OpenNextBranch(fork.id))


def fail_join(decision: Decision, fork: ForkNode, error: ErrorDetail, *, timed_out: bool) -> None:
    """The join fails; what still runs or waits in the fork is canceled first."""
    join = join_of(decision, fork)
    _cancel_rest(decision, fork, decision.draft.forks[fork.id])
    if not timed_out:
        _withdraw_timer(decision, join)
    run = decision.draft.forks[fork.id]
    ended = NodeTimedOut if timed_out else NodeFailed
    decision.record(ended(join.id, JOIN_ATTEMPT, run.arrived, error))
    described = describe_error(decision, join.id, JOIN_ATTEMPT, error)
    described["branches"] = {name: run.branches[name].status for name in run.names}
    follow_failure(decision, join, error, {"error": described, "input": _outputs(run)}, timed_out=timed_out)


def join_of(decision: Decision, fork: ForkNode) -> JoinNode:
    """The join that decides `fork`."""
    join = decision.dag.nodes[fork.join]
    assert isinstance(join, JoinNode), "what compiles ties a fork to a join"
    return join


def _needed(decision: Decision, strategy: JoinStrategy, names: tuple[str, ...], arrived: JsonValue) -> int | None:
    """How many successes decide; None for a quorum from data that is no whole number from 1 to the branches.

    None decide by their number alone where a rule is asked each time: so 0.
    """
    match strategy:
        case And(of=of):
            return len(names if of is None else set(of))
        case Or():
            return 1
        case Quorum(n=n):
            if isinstance(n, int):
                return n
            found = read_operand(n, sight_at(decision.dag, decision.draft, arrived))
            needed = whole_number_from_one(found)
            return needed if needed is not None and needed <= len(names) else None
        case JoinRule():
            return 0
        case _:
            assert_never(strategy)


def _cancel_rest(decision: Decision, fork: ForkNode, run: ForkRun) -> None:
    for name in run.names:
        if run.branches[name].status in ("waiting", "running"):
            cancel_branch(decision, fork.id, name)


def _withdraw_timer(decision: Decision, join: JoinNode) -> None:
    waiting = decision.draft.nodes[join.id]
    if isinstance(waiting, Joining) and waiting.due is not None:
        decision.ledger.withdraw_timer(node_timer(decision.draft.traversal, join.id, JOIN_ATTEMPT, "timeout"))


def _outputs(run: ForkRun) -> dict[str, JsonValue]:
    return {name: run.branches[name].output for name in run.names if run.branches[name].status == "succeeded"}
