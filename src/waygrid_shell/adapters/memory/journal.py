"""The journal in memory."""

from collections.abc import Mapping, Sequence

from attrs import define

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Change, Decision, Stored, Summary


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
            self._kept[traversal] = _Kept(stored, summary, list(change.decisions))
        else:
            kept.stored, kept.summary = stored, summary
            kept.decisions.extend(change.decisions)
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

    async def decisions(self, traversal: TraversalId) -> Sequence[Decision]:
        kept = self._kept.get(traversal)
        return tuple(kept.decisions) if kept else ()

    async def summaries(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, Summary]:
        return {each: self._kept[each].summary for each in traversals if each in self._kept}

    async def unfinished(self) -> Sequence[Summary]:
        return [self._kept[each].summary for each in self._unfinished]
