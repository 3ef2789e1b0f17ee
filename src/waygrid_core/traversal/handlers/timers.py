"""Timers that fire: `Resume`, `Retry`, `Timeout`, `TraversalTimeout`. Order of arrival decides, never a due time."""

from typing import Final

from waygrid_core.dag.node import ForkNode, PassNode, TaskNode
from waygrid_core.traversal.consequences.closing import time_out
from waygrid_core.traversal.consequences.entering import dispatch, resume_pass, resume_task
from waygrid_core.traversal.consequences.forking import fail_join
from waygrid_core.traversal.consequences.node_ends import fail_attempt
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.handlers.standing import Stale, is_current_traversal_timer, refusal, run_of_timer
from waygrid_core.traversal.preparation import Preparation
from waygrid_core.traversal.rejections import NodeNotFound, TraversalError
from waygrid_core.traversal.signals import Resume, Retry, Timeout, TraversalTimeout
from waygrid_core.traversal.state import BackingOff, InFlight, Joining, Waiting

_ATTEMPT_OUT_OF_TIME: Final = ErrorDetail("timeout", "the attempt was not answered within its timeout")
_JOIN_OUT_OF_TIME: Final = ErrorDetail("timeout", "the join was not decided within its timeout")


def resume(decision: Decision, signal: Resume) -> TraversalError | None:
    """The wait of a delivery strategy is over."""
    run = run_of_timer(decision, signal)
    if isinstance(run, Stale | NodeNotFound):
        return refusal(run)
    assert isinstance(run, Waiting), "a resume timer is a waiting node's"
    node = decision.dag.nodes[signal.node]
    if isinstance(node, TaskNode):
        resume_task(decision, node, run.arrived)
    elif isinstance(node, PassNode):
        resume_pass(decision, node, run.arrived)
    return None


def retry(decision: Decision, signal: Retry) -> TraversalError | None:
    """The next attempt is given what the last one was."""
    run = run_of_timer(decision, signal)
    if isinstance(run, Stale | NodeNotFound):
        return refusal(run)
    assert isinstance(run, BackingOff), "a retry timer is that of a node between attempts"
    node = decision.dag.nodes[signal.node]
    assert isinstance(node, TaskNode), "only tasks are retried"
    dispatch(decision, node, run.attempt + 1, run.arrived, Preparation(run.input, run.parameters))
    return None


def timeout(decision: Decision, signal: Timeout) -> TraversalError | None:
    """An attempt, or a join, is out of time. Nobody waits for the attempt's answer any more."""
    run = run_of_timer(decision, signal)
    if isinstance(run, Stale | NodeNotFound):
        return refusal(run)
    if isinstance(run, Joining):
        fork = decision.dag.nodes[run.fork]
        assert isinstance(fork, ForkNode), "a join joins a fork"
        fail_join(decision, fork, _JOIN_OUT_OF_TIME, timed_out=True)
        return None
    node = decision.dag.nodes[signal.node]
    assert isinstance(run, InFlight), "a timeout is an attempt's or a join's"
    assert isinstance(node, TaskNode), "only tasks are in flight"
    decision.ledger.withdraw_attempt(node.id, run.attempt)
    fail_attempt(decision, node, run, _ATTEMPT_OUT_OF_TIME, timed_out=True)
    return None


def traversal_timeout(decision: Decision, signal: TraversalTimeout) -> TraversalError | None:
    """The whole traversal is out of time."""
    if is_current_traversal_timer(decision, signal.timer):
        time_out(decision)
    return None
