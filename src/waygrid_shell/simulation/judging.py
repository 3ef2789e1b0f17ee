"""What must be true of what a platform keeps, whatever happened to the processes that wrote it.

`waygrid_shell.simulation` judges its runs by it, and the tests of faults the platforms that they have maltreated.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from waygrid_core.children.either import before_all, fold_either
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
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
from waygrid_shell.ports.event_log import DeadLetter
from waygrid_shell.ports.journal import Query, Summary
from waygrid_shell.ports.timer_book import Timer, TimerBook
from waygrid_shell.runtime.wiring import Ports

_ENDS: Final = (TraversalCompleted, TraversalFailed, TraversalCanceled, TraversalTimedOut)
_SHOWN_TIMERS: Final = 1_000
_PARTITIONS: Final = frozenset(range(64))
"""More than any topic of a test has."""


async def unrest(ports: Ports, timer_book: TimerBook | None = None) -> Sequence[str]:
    """What is under way, on its way or set for later, in words; nothing once the platform is at rest.

    `timer_book` is the one that knows all timers, where that of the ports is an index beside it.
    """
    unfinished = [f"{each.origin.name or each.traversal} is {each.status}" for each in await ports.journal.unfinished()]
    backlog = [
        f"{count} of {topic}"
        for topic, count in (await ports.event_log.backlog()).items()
        if not topic.endswith(DEAD_LETTER_SUFFIX)
    ]
    timers = await ports.timer_book.count() - len(await stale_timers(ports, timer_book))
    return [*unfinished, *backlog, *([f"{timers} timers are set"] if timers else [])]


async def stale_timers(ports: Ports, timer_book: TimerBook | None = None) -> Sequence[Timer]:
    """Timers of traversals that have ended. They will fire, and nobody will hear them: nothing is stuck.

    A waystation that was paused between committing a decision and publishing its effects publishes them when it wakes
    up, although another one has done so meanwhile, and has asked for the timer to be unset since.
    """
    timers = await (timer_book or ports.timer_book).due(datetime.max.replace(tzinfo=UTC), _SHOWN_TIMERS, _PARTITIONS)
    kept = await ports.journal.summaries([timer.traversal for timer in timers])
    return [timer for timer in timers if timer.traversal in kept and kept[timer.traversal].ended_at is not None]


async def all_dead_letters(ports: Ports) -> Sequence[DeadLetter]:
    """Every letter there is."""
    found: list[DeadLetter] = []
    while page := await ports.event_log.dead_letters(after=found[-1].position if found else 0, limit=1_000):
        found += page
    return found


async def everything(ports: Ports, since: datetime | None = None) -> Sequence[Summary]:
    """All traversals that began `since`, with their children."""
    found: list[Summary] = []
    after: TraversalId | None = None
    while page := await ports.journal.search(Query(with_children=True, begun_from=since, after=after, limit=1_000)):
        found += page
        after = page[-1].traversal
    return found


async def check_journal(ports: Ports, traversal: TraversalId) -> None:
    """All rows folded give the stored state, no message was heard twice, nothing has two ends, what ended says so.

    Raises `AssertionError`.
    """
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
