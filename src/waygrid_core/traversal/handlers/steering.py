"""What people and parents say: `Cancel`, `CancelBranches`, `Pause`, `Unpause`."""

from waygrid_core.dag.node import ForkNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.traversal.consequences.canceling import cancel_branch
from waygrid_core.traversal.consequences.closing import cancel as close_as_canceled
from waygrid_core.traversal.consequences.forking import judge
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.events import TraversalPaused
from waygrid_core.traversal.rejections import BranchNotFound, ForkMismatch, TraversalError
from waygrid_core.traversal.signals import Cancel, CancelBranches, Pause


def cancel(decision: Decision, signal: Cancel) -> TraversalError | None:
    """End it, whatever runs; before `Begin`, forbid the begin."""
    close_as_canceled(decision, signal.reason)
    return None


def cancel_branches(decision: Decision, signal: CancelBranches) -> TraversalError | None:
    """End the branches named that still run or wait, all of them, and then judge the join."""
    fork = open_fork_of(decision, signal)
    if not isinstance(fork, ForkNode):
        return fork
    branches = decision.draft.forks[fork.id].branches
    live = [name for name in dict.fromkeys(signal.branches) if branches[name].status in ("waiting", "running")]
    for name in live:
        cancel_branch(decision, fork.id, name)
    if live:
        judge(decision, fork)
    return None


def pause(decision: Decision, signal: Pause) -> TraversalError | None:
    """From now on signals are held."""
    if decision.draft.status == "Running":
        decision.record(TraversalPaused())
    return None


def open_fork_of(decision: Decision, signal: CancelBranches) -> ForkNode | TraversalError | None:
    """The open fork that the signal is about; None if it has been decided or canceled."""
    fork_id: NodeId | None = decision.dag.forks.get(signal.join_node_id)
    run = None if fork_id is None else decision.draft.forks.get(fork_id)
    if fork_id is None or run is None:
        return ForkMismatch(signal.join_node_id)
    for name in signal.branches:
        if name not in run.branches:
            return BranchNotFound(signal.join_node_id, name)
    fork = decision.dag.nodes[fork_id]
    assert isinstance(fork, ForkNode), "a fork run is a fork's"
    return fork if run.is_open else None
