"""The ids of children, runs and follow-ups. The same parent and reason always give the same id."""

from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.ulid import child_id


def dispatched_child_id(parent: TraversalId, node: NodeId, attempt: int) -> TraversalId:
    """The traversal that runs for an attempt of a call, each or loop."""
    return child_id(parent, node, str(attempt), "body")


def run_id(series: TraversalId, run: int) -> TraversalId:
    """The traversal that is run number `run` of a series, or that round of a loop."""
    return child_id(series, "-", str(run), "run")


def follow_up_id(ended: TraversalId) -> TraversalId:
    """The traversal of the `onEnd` of `ended`."""
    return child_id(ended, "-", "1", "on-end")
