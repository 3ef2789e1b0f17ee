"""What every journal keeps, whatever happened to the process that wrote it."""

from typing import Any

from waygrid_core.children.series_fold import fold_series
from waygrid_core.children.series_state import SeriesState, new_series
from waygrid_core.traversal.events import NodeFailed, NodeSucceeded, NodeTimedOut, RetryScheduled
from waygrid_core.traversal.fold import fold
from waygrid_core.traversal.state import new_traversal
from waygrid_shell.runtime.wiring import Ports


async def check_journal(ports: Ports, traversal: Any) -> None:
    """All rows folded give the stored state, no message was heard twice, no attempt has two ends."""
    decisions = await ports.journal.decisions(traversal)
    stored = (await ports.journal.load([traversal]))[traversal]
    assert len({decision.cause for decision in decisions}) == len(decisions)
    state: Any = new_series(traversal) if isinstance(stored.state, SeriesState) else new_traversal(traversal)
    ends: list[tuple[str, int]] = []
    for decision in decisions:
        events: Any = decision.events
        state = fold_series(events, state) if isinstance(state, SeriesState) else fold(events, state)
        assert state.version == decision.version
        ends += [
            (event.node, event.attempt)
            for event in events
            if isinstance(event, NodeSucceeded | NodeFailed | NodeTimedOut | RetryScheduled)
        ]
    assert state == stored.state
    assert len(ends) == len(set(ends))
