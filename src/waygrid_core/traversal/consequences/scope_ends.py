"""A token has nowhere to go: its branch ends and the join is judged, or the traversal ends."""

from waygrid_core.dag.node import ForkNode
from waygrid_core.model.identifiers import ROOT_SCOPE, NodeId, ScopeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.consequences.closing import complete, fail
from waygrid_core.traversal.consequences.forking import judge
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import BranchFailed, BranchSucceeded, BranchTimedOut


def end_in_success(decision: Decision, scope: ScopeId, output: JsonValue) -> None:
    """The scope ends in success; `output` is what its join, or the traversal's user, receives."""
    if scope == ROOT_SCOPE:
        complete(decision, output)
        return
    branch = decision.dag.scopes[scope]
    decision.record(BranchSucceeded(branch.fork, branch.branch, output))
    _judge(decision, branch.fork)


def end_in_failure(decision: Decision, scope: ScopeId, error: ErrorDetail, *, timed_out: bool) -> None:
    """The scope ends in failure."""
    if scope == ROOT_SCOPE:
        fail(decision, error)
        return
    branch = decision.dag.scopes[scope]
    ended = BranchTimedOut if timed_out else BranchFailed
    decision.record(ended(branch.fork, branch.branch, error))
    _judge(decision, branch.fork)


def _judge(decision: Decision, fork_id: NodeId) -> None:
    fork = decision.dag.nodes[fork_id]
    assert isinstance(fork, ForkNode), "a branch's scope belongs to a fork"
    judge(decision, fork)
