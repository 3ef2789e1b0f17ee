"""A child's end, as its parent hears it: like the answer of any other service."""

from typing import Final, assert_never

from waygrid_core.children.derive import member_name
from waygrid_core.children.ending import (
    EndedByCancel,
    EndedByTimeout,
    EndedInFailure,
    EndedInSuccess,
    TraversalEnd,
)
from waygrid_core.children.plan import EachPlan, TraversalPlan
from waygrid_core.children.series_state import SeriesState
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import NodeFailure, NodeSuccess
from waygrid_core.traversal.state import TraversalState

CANCELED: Final = "canceled"
"""The code that a parent hears of a child that was canceled."""


def ending_of(state: TraversalState | SeriesState) -> TraversalEnd | None:
    """How a traversal or a series ended, or None while it has not."""
    match state.status:
        case "New" | "Running" | "Paused":
            return None
        case "Completed":
            return EndedInSuccess(state.output)
        case "Failed":
            assert state.error is not None, "what failed has an error"
            return EndedInFailure(state.error)
        case "TimedOut":
            assert state.error is not None, "what timed out has an error"
            return EndedByTimeout(state.error)
        case "Canceled":
            return EndedByCancel(state.reason)
        case _:
            assert_never(state.status)


def answer_of(
    plan: TraversalPlan, parent: TraversalId, node: NodeId, attempt: int, end: TraversalEnd
) -> NodeSuccess | NodeFailure:
    """The answer of the child that ran by `plan` for this attempt of its parent.

    A child that timed out fails its parent with code `timeout`, a plain failure: only a timer of the parent's own is a
    timeout there. A child that was canceled fails it with code `canceled`.
    """
    match end:
        case EndedInSuccess(output=output):
            return NodeSuccess(parent, node, attempt, output_of(plan, output))
        case EndedInFailure(error=error) | EndedByTimeout(error=error):
            return NodeFailure(parent, node, attempt, error)
        case EndedByCancel(reason=reason):
            return NodeFailure(parent, node, attempt, ErrorDetail(CANCELED, reason or ""))
        case _:
            assert_never(end)


def output_of(plan: TraversalPlan, output: JsonValue) -> JsonValue:
    """What a child that ran by `plan` answers, of what its traversal gave.

    An each gives the outputs of its members in list order, null where a member did not succeed; others give it
    as it is.
    """
    if not isinstance(plan, EachPlan):
        return output
    assert isinstance(output, dict), "the DAG of an each ends at its join, whose output is an object by branch"
    return [output.get(member_name(index, plan.members)) for index in range(plan.members)]
