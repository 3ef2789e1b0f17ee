"""A scope is put to an end: what runs or waits in it and below is canceled, inner first."""

from typing import assert_never

from waygrid_core.dag.node import ForkNode
from waygrid_core.model.identifiers import NodeId, ScopeId, branch_scope
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.events import BranchCanceled, NodeCanceled
from waygrid_core.traversal.state import BackingOff, InFlight, Joining, Waiting
from waygrid_core.traversal.timers import node_timer


def cancel_scope(decision: Decision, scope: ScopeId) -> None:
    """Cancel the node at which the token of `scope` stands, or the fork that it stands in.

    Recursion goes as deep as forks nest.
    """
    node = decision.draft.standing.get(scope)
    if node is None:
        return
    if isinstance(decision.dag.nodes[node], ForkNode):
        _cancel_fork(decision, node)
    else:
        _cancel_node(decision, node)


def cancel_branch(decision: Decision, fork: NodeId, branch: str) -> None:
    """Cancel a branch that runs or waits."""
    cancel_scope(decision, branch_scope(fork, branch))
    decision.record(BranchCanceled(fork, branch))


def _cancel_fork(decision: Decision, fork: NodeId) -> None:
    run = decision.draft.forks[fork]
    for name in run.names:
        if run.branches[name].status in ("waiting", "running"):
            cancel_branch(decision, fork, name)
    _cancel_node(decision, run.join)


def _cancel_node(decision: Decision, node: NodeId) -> None:
    run = decision.draft.nodes[node]
    if isinstance(run, Waiting | InFlight | BackingOff | Joining):
        withdraw(decision, node, run)
        decision.record(NodeCanceled(node))


def withdraw(decision: Decision, node: NodeId, run: Waiting | InFlight | BackingOff | Joining) -> None:
    """Nobody waits any more for the attempt and the timers of a node that has not ended."""
    traversal, ledger = decision.draft.traversal, decision.ledger
    match run:
        case InFlight(attempt=attempt, due=due):
            ledger.withdraw_attempt(node, attempt)
            if due is not None:
                ledger.withdraw_timer(node_timer(traversal, node, attempt, "timeout"))
        case Waiting():
            ledger.withdraw_timer(node_timer(traversal, node, 1, "resume"))
        case BackingOff(attempt=attempt):
            ledger.withdraw_timer(node_timer(traversal, node, attempt, "retry"))
        case Joining(due=due):
            if due is not None:
                ledger.withdraw_timer(node_timer(traversal, node, 1, "timeout"))
        case _:
            assert_never(run)
