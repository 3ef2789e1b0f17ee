"""Follows a traversal and all that it began, and misses nothing.

The live feed says that something changed, and mostly what; but it may drop. So what was told of each traversal is
remembered by version: where a sighting does not join on, or none came for a time, the journal tells the rest.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from attrs import frozen

from waygrid_core.history.standing import Standing
from waygrid_core.history.status import shown_status, status_after
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.api.platform import Platform
from waygrid_shell.ports.journal import Decision, Summary
from waygrid_shell.ports.live_feed import Progress as ProgressTold
from waygrid_shell.ports.live_feed import Sighting, Told
from waygrid_shell.resources.live import Change, NodeChange, Progress
from waygrid_shell.resources.traversal import Status, TraversalView
from waygrid_shell.services.history.relatives import Relatives, all_of, family_of

_SLACK: Final = timedelta(seconds=30)
"""How long before a look something may have been decided that the look did not see: clocks differ, a disk is slow."""

_PLACE: Final = re.compile(r"([0-9]{1,12})-([0-9]{1,15})")

News: TypeAlias = tuple["Place", Change | Progress]
"""Something new, and where the watcher is once it has seen that."""


@frozen
class Place:
    """Where a watcher is: everything of the traversal up to `version` was told, and of the others up to `at`."""

    version: int
    at: datetime

    def __str__(self) -> str:
        return f"{self.version}-{int(self.at.timestamp() * 1000)}"


def parse_place(text: str) -> Place | None:
    """The place that `text` writes; None for what is none."""
    matched = _PLACE.fullmatch(text)
    if matched is None:
        return None
    try:
        return Place(int(matched[1]), datetime.fromtimestamp(int(matched[2]) / 1000, UTC))
    except (OverflowError, ValueError, OSError):
        return None


class Follower:
    """One who follows `subject`, and what was told so far. `start` or `resume` first."""

    def __init__(self, platform: Platform, subject: TraversalId, root: TraversalId) -> None:
        self._platform = platform
        self._subject = subject
        self._root = root
        self._relatives = Relatives((), {})
        self._told: dict[TraversalId, int] = {}
        self._statuses: dict[TraversalId, TraversalStatus] = {}
        """Of each traversal of which something was told, after that."""
        self._looked_at = platform.clock.now()
        self._version = 0
        self.status: Status = "accepted"
        """Of the subject, as far as it was told."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self._version, self._looked_at)

    async def start(self, shown: TraversalView) -> None:
        """From now on; of the subject, this was seen."""
        self._looked_at = self._platform.clock.now()
        self._relatives = await family_of(self._platform.journal, self._platform.dag_store, self._root)
        self._told = {each.traversal: each.version for each in self._followed()} | {self._subject: shown.version}
        self._statuses = {
            each.traversal: each.status for each in self._followed() if each.version == self._told[each.traversal]
        }
        self._version, self.status = shown.version, shown.status

    async def resume(self, place: Place) -> Sequence[News]:
        """From a place: what was decided since. Of others than the subject, some may have been told before."""
        looked_at = self._platform.clock.now()
        self._relatives = await family_of(self._platform.journal, self._platform.dag_store, self._root)
        self._version, self._looked_at = place.version, place.at
        since = place.at - _SLACK
        changes: list[tuple[datetime, Change]] = []
        for summary in self._followed():
            is_subject = summary.traversal == self._subject
            if not is_subject and summary.ended_at is not None and summary.ended_at < since:
                self._told[summary.traversal], self._statuses[summary.traversal] = summary.version, summary.status
                continue
            changes += [
                (decision.at, change)
                for decision, change in await self._decided(summary.traversal, 0, "New")
                if (decision.version > place.version if is_subject else decision.at >= since)
            ]
        news = self._in_order(changes)
        self._looked_at = looked_at
        self._note_status()
        return news

    async def hear(self, told: Iterable[Told]) -> Sequence[News]:
        """What is new about the subject and all that it began."""
        news: list[News] = []
        told = tuple(told)
        await self._meet({each.traversal for each in told} - self._relatives.summaries.keys())
        for each in told:
            if not self._is_followed(each.traversal):
                continue
            match each:
                case ProgressTold():
                    news.append((self.place, self._progress(each)))
                case Sighting(traversal=traversal, version=version):
                    seen = self._told.get(traversal, 0)
                    if version <= seen:
                        continue
                    if each.base == seen:
                        self._told[traversal] = version
                        self._statuses[traversal] = each.status
                        news.append(self._stamped(self._change(traversal, each.status, version, each.nodes)))
                    else:
                        news += self._in_order(await self._missed(traversal))
        return news

    async def look(self) -> Sequence[News]:
        """What the journal has that was not told."""
        looked_at = self._platform.clock.now()
        self._relatives.add(await all_of(self._platform.journal, self._root))
        changes: list[tuple[datetime, Change]] = []
        for summary in self._followed():
            if summary.version > self._told.get(summary.traversal, 0):
                changes += await self._missed(summary.traversal)
        news = self._in_order(changes)
        self._looked_at = looked_at
        self._note_status()
        return news

    def _note_status(self) -> None:
        """Of a subject of which nothing is new no change tells how it stands, not even that it has ended."""
        summary = self._relatives.summaries.get(self._subject)
        if summary is not None and summary.version == self._version:
            self.status = shown_status(summary.status)

    def _followed(self) -> list[Summary]:
        return [each for each in self._relatives.summaries.values() if self._is_followed(each.traversal)]

    def _is_followed(self, traversal: TraversalId) -> bool:
        return self._subject == self._root or self._relatives.is_below(traversal, self._subject)

    async def _meet(self, unknown: Collection[TraversalId]) -> None:
        """Learn who they are; where nobody knows who began one of them, everybody is looked up."""
        if not unknown:
            return
        found = await self._platform.journal.summaries(list(unknown))
        self._relatives.add(found.values())
        if any(self._relatives.above(each) is None for each in found):
            self._relatives = await family_of(self._platform.journal, self._platform.dag_store, self._root)

    async def _missed(self, traversal: TraversalId) -> list[tuple[datetime, Change]]:
        """The changes of a traversal that were not told, with their instants; told now."""
        seen = self._told.get(traversal, 0)
        status = self._statuses.get(traversal) if seen else "New"
        if status is None:  # nobody knows how it stood when it was last told of
            return [
                (decision.at, change)
                for decision, change in await self._decided(traversal, 0, "New")
                if decision.version > seen
            ]
        return [(decision.at, change) for decision, change in await self._decided(traversal, seen, status)]

    async def _decided(
        self, traversal: TraversalId, after: int, status: TraversalStatus
    ) -> list[tuple[Decision, Change]]:
        """What was decided about a traversal after a version, at which its status was `status`; told now."""
        decisions = await self._platform.journal.decisions(traversal, after=after)
        decided: list[tuple[Decision, Change]] = []
        for decision in decisions:
            for event in decision.events:
                status = status_after(status, event)
            nodes = [(event.node, type(event).__name__) for event in decision.events if hasattr(event, "node")]
            decided.append((decision, self._change(traversal, status, decision.version, nodes)))
        if decisions:
            self._told[traversal], self._statuses[traversal] = decisions[-1].version, status
        return decided

    def _in_order(self, changes: Iterable[tuple[datetime, Change]]) -> list[News]:
        return [self._stamped(each) for _, each in sorted(changes, key=lambda each: (each[0], each[1].version))]

    def _stamped(self, change: Change) -> News:
        if change.traversal == self._subject:
            self._version, self.status = change.version, change.status
        return self.place, change

    def _change(
        self, traversal: TraversalId, status: TraversalStatus, version: int, nodes: Sequence[tuple[NodeId, str]]
    ) -> Change:
        standing = self._standing(traversal)
        changes = tuple(NodeChange(id=node, name=standing.title(node), what=what) for node, what in nodes)
        return Change(traversal=traversal, status=shown_status(status), version=version, nodes=changes)

    def _progress(self, told: ProgressTold) -> Progress:
        return Progress(
            traversal=told.traversal,
            node=told.node,
            name=self._standing(told.traversal).title(told.node),
            attempt=told.attempt,
            data=told.data,
        )

    def _standing(self, traversal: TraversalId) -> Standing:
        if traversal in self._relatives.summaries:
            return self._relatives.standing(traversal)
        return Standing(traversal, self._root)
