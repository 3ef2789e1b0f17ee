"""What people and parents say: `Cancel`, `CancelBranches`, `Pause`, `Unpause`."""

from waygrid_core.dag.node import ForkNode
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
    fork = fork_of(decision, signal)
    if not isinstance(fork, ForkNode):
        return fork
    if fork.id not in decision.draft.forks:
        return ForkMismatch(signal.join_node_id)
    live = live_branches(decision, fork, signal)
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


def fork_of(decision: Decision, signal: CancelBranches) -> ForkNode | TraversalError:
    """The fork that the signal is about, if the DAG has it and the branches named."""
    fork_id = decision.dag.forks.get(signal.join_node_id)
    if fork_id is None:
        return ForkMismatch(signal.join_node_id)
    fork = decision.dag.nodes[fork_id]
    assert isinstance(fork, ForkNode), "`forks` names forks"
    names = {name for name, _ in fork.branches}
    for branch in signal.branches:
        if branch not in names:
            return BranchNotFound(signal.join_node_id, branch)
    return fork


def live_branches(decision: Decision, fork: ForkNode, signal: CancelBranches) -> list[str]:
    """Those of the branches named that run or wait, each once; none, once the fork has been decided or canceled."""
    branches = decision.draft.forks[fork.id].branches
    return [name for name in dict.fromkeys(signal.branches) if branches[name].status in ("waiting", "running")]
