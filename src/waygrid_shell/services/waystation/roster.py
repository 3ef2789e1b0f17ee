"""The traversals at hand: their states, and the DAGs that they run."""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from functools import lru_cache
from typing import Final

from attrs import define, evolve, frozen

from waygrid_core.children.derive import dag_of
from waygrid_core.children.plan import EachPlan, TraversalPlan, dag_named_in
from waygrid_core.children.plan_reading import read_plan
from waygrid_core.dag.dag import Dag
from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.trace_context import trace_within
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.outcome import Failure
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.failure import UnreadableDag
from waygrid_shell.ports.journal import AnyState, Journal, Origin

_log = logging.getLogger(__name__)

MAX_AT_HAND: Final = 20_000
"""Traversals kept in memory between batches; the others are loaded when something comes for them."""

_MAX_DAGS: Final = 2_000
"""DAGs kept beside them, for those that begin: every request may bring one of its own."""


@define(eq=False)
class Present:
    """A traversal at hand. `dag` is None while nothing but a cancel has been heard of it.

    `trace` is the context of what it sends. `begun_at` is None for one that was loaded: the journal knows. `trouble`
    says why it cannot be driven by this process: an extension is missing here. Then it waits, and nothing is decided.
    """

    origin: Origin
    state: AnyState
    dag: Dag | None
    trace: Trace
    begun_at: datetime | None = None
    trouble: str = ""

    def reached(self, state: AnyState) -> "Present":
        """The same traversal in another state."""
        return Present(self.origin, state, self.dag, self.trace, self.begun_at, self.trouble)


def presented(
    origin: Origin, state: AnyState, dag: Dag | None, begun_at: datetime | None = None, trouble: str = ""
) -> Present:
    """A traversal that comes to hand."""
    trace = trace_within(state.traversal, origin.root, origin.trace)
    return Present(origin, state, dag, trace, begun_at, trouble)


@frozen
class Readied:
    """A plan as it runs here, and the DAG that it runs; None if nobody has stored that, or it cannot be read here."""

    plan: TraversalPlan
    dag: Dag | None
    trouble: str = ""


@frozen
class Called:
    """Traversals that were asked for. `loaded`: those that were not at hand, so somebody else may have driven them."""

    present: dict[TraversalId, Present]
    loaded: Set[TraversalId]


class Roster:
    """Holds the newest states; whoever fails to commit what it made of them must throw it away."""

    def __init__(self, journal: Journal, dag_store: DagStore) -> None:
        self._journal = journal
        self._dag_store = dag_store
        self._present: OrderedDict[TraversalId, Present] = OrderedDict()
        self._dags: dict[DagHash, Dag] = {}
        self._troubles: dict[DagHash, str] = {}

    def emptied(self) -> "Roster":
        """One with nobody at hand. What is still given to this one does not come into it."""
        roster = Roster(self._journal, self._dag_store)
        roster._dags = self._dags
        return roster

    async def call(self, traversals: Sequence[TraversalId], new: Set[TraversalId] = frozenset()) -> Called:
        """Those of `traversals` that were ever heard of; `new` are those that are not looked for in the journal."""
        missing = [each for each in traversals if each not in self._present and each not in new]
        called: dict[TraversalId, Present] = {}
        if missing:
            stored = await self._journal.load(missing)
            await self.fetch(kept.origin.plan for kept in stored.values() if kept.origin.plan is not None)
            for traversal, kept in stored.items():
                called[traversal] = self._presented(kept.origin, kept.state)
        loaded = frozenset(called)
        for traversal in traversals:
            present = self._present.get(traversal)
            if present is not None:
                called[traversal] = present
        return Called(called, loaded)

    async def fetch(self, plans: Iterable[TraversalPlan]) -> None:
        """Have the DAGs of these plans at hand, those that somebody has put into the store.

        One that cannot be read here is no failure: who runs it is in trouble, and all others go on.
        """
        self._troubles.clear()
        if len(self._dags) >= _MAX_DAGS:  # who is present has its own; what is asked for here is fetched anew
            self._dags.clear()
        for dag_hash in sorted({dag_named_in(plan) for plan in plans} - self._dags.keys()):
            try:
                dag = await self._dag_store.get(dag_hash)
            except UnreadableDag as failure:
                _log.error("%s; its traversals wait", failure)
                self._troubles[dag_hash] = str(failure)
                continue
            if dag is not None:
                self._dags[dag_hash] = dag

    def ready(self, plan: TraversalPlan) -> Readied:
        """The plan, read with the extensions of this process, and its DAG."""
        named = dag_named_in(plan)
        if named in self._troubles:
            return Readied(plan, None, self._troubles[named])
        read = read_plan(plan, self._dag_store.extensions)
        if isinstance(read, Failure):
            trouble = f"what it runs cannot be read by this process: {read.failure()[0].message}"
            _log.error("%s; its traversals wait", trouble)
            return Readied(plan, None, trouble)
        plan = read.unwrap()
        if named not in self._dags:
            return Readied(plan, None)
        return Readied(plan, _each_dag(plan) if isinstance(plan, EachPlan) else dag_of(plan, self._dags.__getitem__))

    def _presented(self, origin: Origin, state: AnyState) -> Present:
        if origin.plan is None:
            return presented(origin, state, None)
        readied = self.ready(origin.plan)
        return presented(evolve(origin, plan=readied.plan), state, readied.dag, trouble=readied.trouble)

    def keep(self, present: Present) -> None:
        """Keep the newest state of a traversal; of one that has ended nothing more is expected."""
        traversal = present.state.traversal
        if present.state.has_ended:
            self._present.pop(traversal, None)
        else:
            self._present[traversal] = present
            self._present.move_to_end(traversal)
            if len(self._present) > MAX_AT_HAND:
                self._present.popitem(last=False)


@lru_cache(maxsize=64)
def _each_dag(plan: EachPlan) -> Dag:
    """Deriving it costs something for each member, and all eaches of one length share it."""
    return dag_of(plan, lambda _: _never())


def _never() -> Dag:
    raise AssertionError("the DAG of an each is derived from its plan alone")
