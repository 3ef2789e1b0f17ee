"""The guards of a DAG look at what a transition came to, and may end the traversal."""

from collections.abc import Sequence
from typing import assert_never

from waygrid_core.extension.answers import Stop
from waygrid_core.extension.asked_guards import first_memory_of, watched_by
from waygrid_core.extension.asked_kinds import Memory
from waygrid_core.extension.calling import EXTENSION_ERROR, Broken
from waygrid_core.model.json_value import json_equal
from waygrid_core.traversal.consequences.closing import stop
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event, GuardRemembered


def watch(decision: Decision) -> None:
    """Show every guard what happened, in the order of the DAG, until one of them ends the traversal.

    Called once a transition, when it is settled: what a guard ends then leaves no effect of that transition.
    """
    events: Sequence[Event] = tuple(decision.events)
    for index in range(len(decision.dag.guards)):
        error = _remember(decision, index, events)
        if error is not None:
            stop(decision, error)
            return


def _remember(decision: Decision, index: int, events: Sequence[Event]) -> ErrorDetail | None:
    """Have one guard look; the error that it ends the traversal with, if it does."""
    guard, memories = decision.dag.guards[index], decision.draft.memories.guards
    is_first = index >= len(memories)
    before = first_memory_of(guard) if is_first else Memory(memories[index])
    if isinstance(before, Broken):
        return ErrorDetail(EXTENSION_ERROR, before.message)
    after = watched_by(guard, before.value, events, decision.now)
    match after:
        case Memory(value=memory):
            if is_first or not json_equal(memory, before.value):
                decision.record(GuardRemembered(index, memory))
            return None
        case Stop(code=code, message=message):
            return ErrorDetail(code, message)
        case Broken():
            return ErrorDetail(EXTENSION_ERROR, after.message)
        case _:
            assert_never(after)
