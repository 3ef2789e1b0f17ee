"""A page of the story of a traversal, with or without all that it began."""

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from attrs import frozen

from waygrid_core.history.standing import Standing
from waygrid_core.history.story import Story
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.events import TraversalBegun
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.journal import Decision, Journal, Summary
from waygrid_shell.services.history.cursor import Cursor
from waygrid_shell.services.history.relatives import Relatives, family_of, line_of

_CLOCK_SLACK: Final = timedelta(minutes=1)
"""How far a clock may have gone back within one traversal without a page missing its end."""


@frozen
class Entry:
    """One decision of one traversal; `lines` has a sentence for each of its events."""

    cursor: Cursor
    decision: Decision
    lines: Sequence[str]


@frozen
class Page:
    """Entries in order; `has_more`, if others follow."""

    entries: Sequence[Entry]
    has_more: bool


class History:
    """Tells what the journal holds."""

    def __init__(self, *, journal: Journal, dag_store: DagStore) -> None:
        self._journal = journal
        self._dag_store = dag_store

    async def of_one(self, traversal: TraversalId, *, after: Cursor | None, limit: int) -> Page | None:
        """At most `limit` entries of one traversal, after `after`; None for an unknown one."""
        summary = await self._summary(traversal)
        if summary is None:
            return None
        return await self._page(await line_of(self._journal, self._dag_store, summary), [summary], after, limit)

    async def of_all(self, traversal: TraversalId, *, after: Cursor | None, limit: int) -> Page | None:
        """The same of the traversal and all that it began, merged in order of time."""
        summary = await self._summary(traversal)
        if summary is None:
            return None
        relatives = await family_of(self._journal, self._dag_store, summary.origin.root)
        return await self._page(relatives, relatives.of(traversal), after, limit)

    async def _summary(self, traversal: TraversalId) -> Summary | None:
        return (await self._journal.summaries([traversal])).get(traversal)

    async def _page(self, relatives: Relatives, told: Sequence[Summary], after: Cursor | None, limit: int) -> Page:
        """A merge that reads the decisions of a traversal only once the page has come to its begin."""
        waiting = deque(sorted((each for each in told if _may_follow(each, after)), key=lambda each: each.begun_at))
        heap: list[tuple[Cursor, Entry]] = []
        found: list[Entry] = []
        while len(found) <= limit:
            while waiting and (not heap or waiting[0].begun_at <= heap[0][0].at):
                summary = waiting.popleft()
                decisions = await self._decisions(summary.traversal, after, limit + 1)
                for entry in _entries(relatives.standing(summary.traversal), decisions, after, limit + 1):
                    heapq.heappush(heap, (entry.cursor, entry))
            if not heap:
                break
            found.append(heapq.heappop(heap)[1])
        return Page(found[:limit], has_more=len(found) > limit)

    async def _decisions(self, traversal: TraversalId, after: Cursor | None, limit: int) -> Sequence[Decision]:
        """Decisions with the next `limit` after `after` among them, and as few others as can be.

        Of another traversal than the cursor's nobody knows how many it had decided by then; and of one that knows
        something, what was dispatched before tells whether a success was taken over.
        """
        if after is None:
            return await self._journal.decisions(traversal, limit=limit)
        if after.traversal == traversal and not _knows(await self._journal.decisions(traversal, limit=1)):
            return await self._journal.decisions(traversal, after=after.version, limit=limit)
        return await self._journal.decisions(traversal)


def _knows(first: Sequence[Decision]) -> bool:
    return any(isinstance(event, TraversalBegun) and event.known for each in first for event in each.events)


def _may_follow(summary: Summary, after: Cursor | None) -> bool:
    return after is None or summary.ended_at is None or summary.ended_at + _CLOCK_SLACK >= after.at


def _entries(standing: Standing, decisions: Sequence[Decision], after: Cursor | None, limit: int) -> Iterator[Entry]:
    """At most `limit` entries after `after`. Where a clock went back, time stands still: versions keep their order."""
    story, given = Story(standing), 0
    at = after.at if after is not None and after.traversal == standing.traversal else None
    for decision in decisions:
        at = decision.at if at is None else max(at, decision.at)
        cursor = Cursor(at, decision.version, standing.traversal)
        if after is not None and cursor <= after:
            story.pass_over(decision.events)
        elif given < limit:
            given += 1
            yield Entry(cursor, decision, story.tell(decision.events, decision.at))
        else:
            return
