"""The fixed point: draw consequences until none is left. Bounded by the DAG, since no token enters a node twice."""

from typing import assert_never

from waygrid_core.traversal.consequences.entering import enter
from waygrid_core.traversal.consequences.forking import open_next_branch
from waygrid_core.traversal.consequences.scope_ends import end_in_failure, end_in_success
from waygrid_core.traversal.decision import Decision, Enter, OpenNextBranch, ScopeFailed, ScopeSucceeded


def settle(decision: Decision) -> None:
    """Draw every consequence on the agenda, and theirs."""
    agenda = decision.agenda
    while agenda:
        consequence = agenda.pop()
        match consequence:
            case Enter():
                enter(decision, consequence.node, consequence.scope, consequence.arrived)
            case ScopeSucceeded(scope=scope, output=output):
                end_in_success(decision, scope, output)
            case ScopeFailed(scope=scope, error=error, timed_out=timed_out):
                end_in_failure(decision, scope, error, timed_out=timed_out)
            case OpenNextBranch(fork=fork):
                open_next_branch(decision, fork)
            case _:
                assert_never(consequence)
