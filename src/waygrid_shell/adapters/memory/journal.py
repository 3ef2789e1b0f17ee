"""The journal in memory."""

import bisect
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from attrs import define

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Idle, Query, Stored, Summary


@define
class _Kept:
    stored: Stored
    summary: Summary
    decisions: list[Decision]


class MemoryJournal:
    """See `waygrid_shell.ports.journal.Journal`."""

    def __init__(self) -> None:
        self._kept: dict[TraversalId, _Kept] = {}
        self._unfinished: dict[TraversalId, None] = {}
        self._causes: dict[tuple[TraversalId, str], Decision] = {}
        self._ids: list[TraversalId] = []
        """In order."""
        self._families: dict[TraversalId, set[TraversalId]] = {}
        """By root, the root itself among them."""

    async def commit(self, changes: Sequence[Change]) -> None:
        for change in changes:
            kept = self._kept.get(change.state.traversal)
            if (kept.stored.state.version if kept else 0) != change.base:
                raise VersionConflict(change.state.traversal, change.base)
        for change in changes:
            self._write(change)

    def _write(self, change: Change) -> None:
        traversal, state = change.state.traversal, change.state
        kept = self._kept.get(traversal)
        last = change.decisions[-1]
        summary = Summary(
            traversal=traversal,
            origin=change.origin,
            status=state.status,
            version=state.version,
            begun_at=kept.summary.begun_at if kept else change.decisions[0].at,
            ended_at=last.at if state.has_ended else None,
            output=state.output,
            error=state.error,
            reason=state.reason,
        )
        stored = Stored(origin=change.origin, state=state)
        if kept is None:
            bisect.insort(self._ids, traversal)
            self._kept[traversal] = _Kept(stored, summary, list(change.decisions))
        else:
            self._families[kept.summary.origin.root].discard(traversal)  # the cancel that came first knew of no root
            kept.stored, kept.summary = stored, summary
            kept.decisions.extend(change.decisions)
        self._families.setdefault(change.origin.root, set()).add(traversal)
        if state.has_ended:
            self._unfinished.pop(traversal, None)
        else:
            self._unfinished[traversal] = None
        for decision in change.decisions:
            self._causes[traversal, decision.cause] = decision

    async def load(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Stored]:
        return {each: self._kept[each].stored for each in traversals if each in self._kept}

    async def recorded(self, causes: Sequence[tuple[TraversalId, str]]) -> Mapping[tuple[TraversalId, str], Decision]:
        return {cause: self._causes[cause] for cause in causes if cause in self._causes}

    async def decisions(
        self, traversal: TraversalId, *, after: int = 0, limit: int | None = None
    ) -> Sequence[Decision]:
        kept = self._kept.get(traversal)
        decisions = kept.decisions if kept else []
        start = bisect.bisect_right(decisions, after, key=lambda each: each.version)
        return tuple(decisions[start:] if limit is None else decisions[start : start + limit])

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        return {each: self._kept[each].summary for each in traversals if each in self._kept}

    async def unfinished(self) -> Sequence[Summary]:
        return [self._kept[each].summary for each in self._unfinished]

    async def idle(self, since: datetime, *, after: TraversalId | None = None, limit: int) -> Sequence[Idle]:
        changed = ((each, self._kept[each].decisions[-1].at) for each in sorted(self._unfinished))
        found = (Idle(each, at) for each, at in changed if at < since and (after is None or each > after))
        return list(islice(found, limit))

    async def count_unfinished(self) -> int:
        return len(self._unfinished)

    async def search(self, query: Query) -> Sequence[Summary]:
        end = len(self._ids) if query.after is None else bisect.bisect_left(self._ids, query.after)
        newest_first = (self._kept[traversal].summary for traversal in reversed(self._ids[:end]))
        return list(islice((each for each in newest_first if _matches(each, query)), query.limit))

    async def forget(self, ended_before: datetime, limit: int) -> int:
        forgotten = 0
        for root, family in list(self._families.items()):
            if forgotten < limit and self._is_over(root, family, ended_before):
                forgotten += root in family
                for traversal in family:
                    self._remove(traversal)
                del self._families[root]
        return forgotten

    def _is_over(self, root: TraversalId, family: set[TraversalId], before: datetime) -> bool:
        """Whether all have ended, and the root long ago; or each of what is left without a root."""
        ends = [self._kept[each].summary.ended_at for each in ({root} & family or family)]
        return all(end is not None and end < before for end in ends) and not family & self._unfinished.keys()

    def _remove(self, traversal: TraversalId) -> None:
        del self._ids[bisect.bisect_left(self._ids, traversal)]
        for decision in self._kept.pop(traversal).decisions:
            del self._causes[traversal, decision.cause]


def _matches(summary: Summary, query: Query) -> bool:
    origin = summary.origin
    return (
        (query.with_children or summary.traversal == origin.root)
        and (not query.statuses or summary.status in query.statuses)
        and (query.name is None or origin.name == query.name)
        and query.labels.items() <= origin.labels.items()
        and (query.dag is None or origin.dag == query.dag)
        and (query.root is None or origin.root == query.root)
        and (query.begun_from is None or summary.begun_at >= query.begun_from)
        and (query.begun_before is None or summary.begun_at < query.begun_before)
    )
