"""What every journal keeps, whatever happened to the process that wrote it."""

from typing import Any, Final

from waygrid_core.children.either import before_all, fold_either
from waygrid_core.traversal.events import (
    NodeFailed,
    NodeSucceeded,
    NodeTimedOut,
    RetryScheduled,
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalTimedOut,
)
from waygrid_shell.runtime.wiring import Ports

_ENDS: Final = (TraversalCompleted, TraversalFailed, TraversalCanceled, TraversalTimedOut)


async def check_journal(ports: Ports, traversal: Any) -> None:
    """All rows folded give the stored state, no message was heard twice, nothing has two ends, what ended says so."""
    decisions = await ports.journal.decisions(traversal)
    stored = (await ports.journal.load([traversal]))[traversal]
    assert len({decision.cause for decision in decisions}) == len(decisions), f"{traversal} heard a message twice"
    state = before_all(stored.state)
    ends: list[tuple[str, int]] = []
    last = 0
    for decision in decisions:
        state = fold_either(decision.events, state)
        assert state.version == decision.version, f"{traversal}: a decision is missing before {decision}"
        ends += [
            (event.node, event.attempt)
            for event in decision.events
            if isinstance(event, NodeSucceeded | NodeFailed | NodeTimedOut | RetryScheduled)
        ]
        last += sum(isinstance(event, _ENDS) for event in decision.events)
    assert state == stored.state, f"{traversal} is kept in another state than its events make"
    assert last == (1 if stored.state.has_ended else 0), f"{traversal} ended {last} times"
    assert len(ends) == len(set(ends)), f"an attempt of {traversal} ended twice: {ends}"
