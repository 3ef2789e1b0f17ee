"""Traversals and those that they began: who belongs to whom, and so where each stands and what its nodes are called."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import evolve

from waygrid_core.children.identity import follow_up_id
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.history.standing import Standing
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.failure import UnreadableDag
from waygrid_shell.ports.journal import Journal, Query, Summary

_PAGE: Final = 1_000
"""Relatives that are looked up at once."""

Compiled: TypeAlias = Mapping[DagHash, CompiledDag]


class Relatives:
    """Some traversals of one user's traversal, each with those above it; where each stands is found when asked."""

    def __init__(self, summaries: Iterable[Summary], compiled: Compiled) -> None:
        self.summaries: dict[TraversalId, Summary] = {}
        self._compiled = dict(compiled)
        self._ended_before: dict[TraversalId, TraversalId] = {}
        self._standings: dict[TraversalId, Standing] = {}
        self.add(summaries)

    def add(self, summaries: Iterable[Summary]) -> None:
        """More of them, or newer summaries of the same."""
        for summary in summaries:
            self._standings.pop(summary.traversal, None)
            self.summaries[summary.traversal] = summary
            self._ended_before[follow_up_id(summary.traversal)] = summary.traversal

    def learn(self, compiled: Compiled) -> None:
        """The DAGs of those that nobody above began, before it is asked where anybody stands."""
        self._compiled.update(compiled)

    def above(self, traversal: TraversalId) -> TraversalId | None:
        """Which traversal began it: its parent, its series, or the one whose onEnd it is."""
        parent = self.summaries[traversal].origin.parent
        above = self._ended_before.get(traversal) if parent is None else parent.traversal
        return above if above in self.summaries else None

    def standing(self, traversal: TraversalId) -> Standing:
        """Where one of them stands."""
        line = [traversal]
        while line[-1] not in self._standings and (above := self.above(line[-1])) is not None:
            line.append(above)
        for each in reversed(line):
            if each not in self._standings:
                self._standings[each] = self._find(each)
        return self._standings[traversal]

    def _find(self, traversal: TraversalId) -> Standing:
        origin, above = self.summaries[traversal].origin, self.above(traversal)
        if above is None or origin.plan is None:
            compiled = None if origin.dag is None else self._compiled.get(origin.dag)
            standing = Standing(traversal, origin.root, origin.plan, compiled)
            return standing if compiled is None else evolve(standing, annotations=compiled.annotations)
        over = self._standings[above]
        if origin.parent is None:
            return over.follow_up(traversal, origin.plan)
        return over.child(traversal, origin.plan, origin.parent)

    def is_below(self, traversal: TraversalId, upper: TraversalId) -> bool:
        """Whether `upper` began it, directly or not, or is it."""
        at: TraversalId | None = traversal
        while at is not None and at != upper:
            at = self.above(at)
        return at is not None

    def of(self, traversal: TraversalId) -> Sequence[Summary]:
        """The traversal and all that it began, directly or not."""
        return [summary for each, summary in self.summaries.items() if self.is_below(each, traversal)]


async def line_of(journal: Journal, dag_store: DagStore, summary: Summary) -> Relatives:
    """A traversal and those above it."""
    line = {summary.traversal: summary}
    top = summary
    while top.traversal != top.origin.root:
        above = await _above(journal, top)
        if above is None or above.traversal in line:
            break
        line[above.traversal] = top = above
    return Relatives(line.values(), await _compiled(dag_store, [top]))


async def family_of(journal: Journal, dag_store: DagStore, root: TraversalId) -> Relatives:
    """All that a user's traversal began, and itself."""
    relatives = Relatives(await all_of(journal, root), {})
    tops = [each for each in relatives.summaries.values() if relatives.above(each.traversal) is None]
    relatives.learn(await _compiled(dag_store, tops))
    return relatives


async def _above(journal: Journal, summary: Summary) -> Summary | None:
    """The traversal that began it. Of the onEnd of a body it has to be looked for."""
    origin = summary.origin
    likely = origin.root if origin.parent is None else origin.parent.traversal
    found = (await journal.summaries([likely])).get(likely)
    if origin.parent is not None or follow_up_id(likely) == summary.traversal:
        return found
    relatives = await all_of(journal, origin.root)
    return next((each for each in relatives if follow_up_id(each.traversal) == summary.traversal), None)


async def all_of(journal: Journal, root: TraversalId) -> Sequence[Summary]:
    """The summaries of all that a user's traversal began, and of itself."""
    found: list[Summary] = []
    after: TraversalId | None = None
    while True:
        page = await journal.search(Query(root=root, with_children=True, after=after, limit=_PAGE))
        found += page
        if len(page) < _PAGE:
            return found
        after = page[-1].traversal


async def _compiled(dag_store: DagStore, tops: Sequence[Summary]) -> Compiled:
    compiled: dict[DagHash, CompiledDag] = {}
    for dag_hash in {each.origin.dag for each in tops if each.origin.dag is not None}:
        try:
            found = await dag_store.get_compiled(dag_hash)
        except UnreadableDag:
            continue  # without the names in it, it can be shown all the same
        if found is not None:
            compiled[dag_hash] = found
    return compiled
