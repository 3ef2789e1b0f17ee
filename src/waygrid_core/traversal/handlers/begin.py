"""`Begin`."""

from typing import Final

from waygrid_core.model.identifiers import ROOT_SCOPE
from waygrid_core.model.json_value import json_equal
from waygrid_core.traversal.decision import Decision, Enter
from waygrid_core.traversal.events import TraversalBegun
from waygrid_core.traversal.rejections import (
    AlreadyInProgress,
    EmptyDag,
    MissingEntryNode,
    NestedForkDepthExceeded,
    TraversalError,
)
from waygrid_core.traversal.signals import Begin
from waygrid_core.traversal.timers import traversal_timer

MAX_FORK_DEPTH: Final = 64
"""How deep forks may nest whatever a compiler was configured to let through: canceling recurses so deep."""


def begin(decision: Decision, signal: Begin) -> TraversalError | None:
    """Put a token on the entry point. The same `Begin` again changes nothing; another one is refused."""
    draft, dag = decision.draft, decision.dag
    if draft.status != "New":
        return None if _is_the_same(decision, signal) else AlreadyInProgress()
    if not dag.entry_points:
        return EmptyDag()
    if not 0 <= signal.entry < len(dag.entry_points):
        return MissingEntryNode(signal.entry)
    if dag.fork_depth > MAX_FORK_DEPTH:
        return NestedForkDepthExceeded(dag.fork_depth)
    due = None if dag.timeout is None else decision.after(dag.timeout)
    decision.record(
        TraversalBegun(draft.traversal, dag.hash, signal.payload, signal.entry, signal.run, due, signal.known)
    )
    if due is not None:
        decision.ledger.schedule("traversal", traversal_timer(draft.traversal), due)
    decision.agenda.append(Enter(dag.entry_points[signal.entry], ROOT_SCOPE, signal.payload))
    return None


def _is_the_same(decision: Decision, signal: Begin) -> bool:
    draft = decision.draft
    return (
        draft.entry == signal.entry
        and draft.run == signal.run
        and json_equal(draft.payload, signal.payload)
        and draft.known.keys() == signal.known.keys()
        and all(json_equal(output, signal.known[key]) for key, output in draft.known.items())
    )
