"""What every journal keeps, whatever happened to the process that wrote it."""

from typing import Any

from waygrid_core.children.either import before_all, fold_either
from waygrid_core.traversal.events import NodeFailed, NodeSucceeded, NodeTimedOut, RetryScheduled
from waygrid_shell.runtime.wiring import Ports


async def check_journal(ports: Ports, traversal: Any) -> None:
    """All rows folded give the stored state, no message was heard twice, no attempt has two ends."""
    decisions = await ports.journal.decisions(traversal)
    stored = (await ports.journal.load([traversal]))[traversal]
    assert len({decision.cause for decision in decisions}) == len(decisions)
    state = before_all(stored.state)
    ends: list[tuple[str, int]] = []
    for decision in decisions:
        state = fold_either(decision.events, state)
        assert state.version == decision.version
        ends += [
            (event.node, event.attempt)
            for event in decision.events
            if isinstance(event, NodeSucceeded | NodeFailed | NodeTimedOut | RetryScheduled)
        ]
    assert state == stored.state
    assert len(ends) == len(set(ends))
