"""Verifies a Spec, level by level: bodies first, since how they may end says what may happen to whoever runs them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, assert_never

from waygrid_core.dag.caption import describe_guard
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.edge import CONDITION, JOIN, SUCCESS, edges_from
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, JoinNode, LoopWork, TaskNode
from waygrid_core.extension.extension import JoinRule
from waygrid_core.history.status import shown_status
from waygrid_core.model.identifiers import DagHash, NodeId
from waygrid_core.policy.join import And
from waygrid_core.spec.guarantee import Always, AtMost, Guarantee, NeverAfter, NeverBefore, OneOf
from waygrid_core.verify.advice import advice_on
from waygrid_core.verify.explore import Exploration, Explorer, Flaw
from waygrid_core.verify.findings import Finding, LevelReport, Verification
from waygrid_core.verify.levels import Level, every_level
from waygrid_core.verify.likeness import Ends
from waygrid_core.verify.promises import Promise
from waygrid_core.verify.promising import Inside, assuring, counting, promises_of
from waygrid_core.verify.twin import Twin, twin_of
from waygrid_core.verify.witness import ELSE, routing_of

DEFAULT_BUDGET: Final = 50_000
"""States of one level that are gone through before runs are drawn at random: some ten seconds."""

_NEVER_AGAIN: Final = NeverBefore("", "")
"""Stands for the guarantee of a promise that only looks."""


def verify(
    compiled: CompiledDag,
    *,
    budget: int = DEFAULT_BUDGET,
    seed: int = 0,
    every_order: bool = False,
    tell: Callable[[Level, int], None] | None = None,
) -> Verification:
    """All that is found about a Spec. Pure: the same arguments give the same.

    `every_order`: explore also those orders of independent branches that cannot matter. `tell` is called now and then
    with the level and how many of its states have been found. Recursion goes as deep as bodies nest.
    """
    return _Verifier(budget, seed, not every_order, tell).verify(compiled)


class _Verifier:
    def __init__(self, budget: int, seed: int, spares: bool, tell: Callable[[Level, int], None] | None) -> None:
        self._budget = budget
        self._seed = seed
        self._spares = spares
        self._tell = tell
        self._ends: dict[DagHash, Ends] = {}
        self._insides: dict[tuple[DagHash, int, str, int], Inside] = {}

    def verify(self, compiled: CompiledDag) -> Verification:
        return Verification(reports=tuple(self._report(level) for level in every_level(compiled)))

    def _report(self, level: Level) -> LevelReport:
        promises = promises_of(level, self._look)
        found, twin = self._explore(level, promises)
        findings = (*_broken(level, promises, found, twin), *_stopped(level, promises, found), *_advised(level))
        return LevelReport(
            level=level,
            states=found.states,
            transitions=found.transitions,
            is_exhaustive=found.is_exhaustive,
            ends=tuple(sorted({shown_status(status) for status, _ in found.ends} | _guarded_ends(level))),
            findings=findings,
            guarantees=len(promises),
        )

    def _explore(self, level: Level, promises: Sequence[Promise]) -> tuple[Exploration, Twin]:
        unfold: dict[NodeId, int] = {}
        for promise in promises:
            for node in promise.dispatched:
                unfold[node] = max(unfold.get(node, 1), promise.attempts(node))
        twin = twin_of(level.dag, unfold)
        tell = self._tell
        explorer = Explorer(
            twin,
            promises=promises,
            ends=self._ends_of_bodies(level),
            entries=level.entries,
            budget=self._budget,
            seed=self._seed,
            spares=self._spares,
            tell=None if tell is None else lambda states: tell(level, states),
        )
        return explorer.explore(), twin

    def _ends_of_bodies(self, level: Level) -> Mapping[NodeId, Ends]:
        """How nodes may end that cannot end in any way; but what signals may name may end as these say."""
        ends: dict[NodeId, Ends] = {}
        for node in level.dag.nodes.values():
            if not isinstance(node, TaskNode) or (level.dag.signals and node.id in level.dag.author_ids):
                continue
            body = level.body(node.id)
            if body is not None:
                ends[node.id] = _ends_around(node, self._ends_of(body))
            elif isinstance(node.work, AwaitWork):
                # nobody answers with a failure; its key and its timer are elsewhere
                ends[node.id] = Ends(can_fail=False)
        return ends

    def _ends_of(self, level: Level) -> Ends:
        """How a traversal of that level may end; if not all of it was gone through, in any way."""
        known = self._ends.get(level.dag.hash)
        if known is None:
            found, _ = self._explore(level, ())
            statuses = {status for status, _ in found.ends}
            is_cut_short = bool(level.dag.guards or level.dag.signals)
            known = Ends(can_succeed="Completed" in statuses, can_fail=is_cut_short or bool(statuses - {"Completed"}))
            self._ends[level.dag.hash] = known = known if found.is_exhaustive else Ends()
        return known

    def _look(self, level: Level, name: str, limit: int) -> Inside:
        key = (level.dag.hash, id(level.annotations), name, limit)
        if key not in self._insides:
            self._insides[key] = self._look_inside(level, name, limit)
        return self._insides[key]

    def _look_inside(self, level: Level, name: str, limit: int) -> Inside:
        counted = counting(level, AtMost(name, limit), 0, name, limit, self._look)
        assured, by_failure = assuring(level, name, self._look)
        kept = Promise(guarantee=_NEVER_AGAIN, index=1, dispatched={}, assured=assured, assured_by_failure=by_failure)
        found, _ = self._explore(level, (counted, kept))
        if not found.is_exhaustive:
            return Inside(limit if counted.dispatched or counted.at_end else 0, False, False)
        return Inside(
            dispatched=max((memories[0] for _, memories in found.ends), default=0),
            assured=all(memories[1] for status, memories in found.ends if status == "Completed"),
            assured_by_failure=all(memories[1] for status, memories in found.ends if status != "Completed"),
        )


def _ends_around(node: TaskNode, body: Ends) -> Ends:
    """How a node may end whose body may end so."""
    match node.work:
        case EachWork(strategy=JoinRule()):
            return Ends()  # it may hold whatever the items come to
        case EachWork(strategy=And()):
            return Ends(can_succeed=True, can_fail=body.can_fail)  # of an empty list nothing fails
        case EachWork():
            return Ends(can_succeed=body.can_succeed, can_fail=True)
        case LoopWork(until=until):
            can_hold = 0 in routing_of([until]).possible
            return Ends(can_succeed=body.can_succeed and can_hold, can_fail=True)
        case CallWork():
            return body
        case _:
            return Ends()


def _guarded_ends(level: Level) -> set[str]:
    """How a run ends that a guard ends."""
    return {shown_status("Failed")} if level.dag.guards else set()


def _stopped(level: Level, promises: Sequence[Promise], found: Exploration) -> Iterator[Finding]:
    """Guarantees that no run breaks by itself, but one may that a guard ends early."""
    broken = {flaw.about for flaw in found.flaws if flaw.code == "guarantee-broken"}
    if not level.dag.guards:
        return
    guards = _listed([guard.name for guard in level.dag.guards])
    for promise in promises:
        if promise.index not in broken and promise.asks_how_it_ends:
            yield Finding(
                code="guarantee-guarded",
                sentence=f"{_broken_promise(level, promise.guarantee)} if {guards} "
                "ends it early; what must be done however it ends belongs into the onEnd",
            )


def _advised(level: Level) -> Iterator[Finding]:
    for advice in advice_on(level):
        yield Finding(code=advice.code, sentence=advice.sentence, nodes=(level.title(advice.node),))


def _broken(level: Level, promises: Sequence[Promise], found: Exploration, twin: Twin) -> Iterator[Finding]:
    yield from _flaws(level, promises, found)
    if found.is_exhaustive:
        yield from _never_happens(level, found, twin)


def _flaws(level: Level, promises: Sequence[Promise], found: Exploration) -> Iterator[Finding]:
    unhandled: list[Flaw] = []
    for flaw in found.flaws:
        match flaw.code:
            case "unhandled-failure":
                if not level.has_parent:
                    unhandled.append(flaw)
            case "guarantee-broken":
                assert isinstance(flaw.about, int), "it is about a promise"
                sentence = _broken_promise(level, promises[flaw.about].guarantee)
                yield Finding(code=flaw.code, sentence=sentence, run=flaw.run)
            case _:
                detail = f": {flaw.detail}" if flaw.detail else ""
                yield Finding(code=flaw.code, sentence=f"{_SENTENCES[flaw.code]}{detail}", run=flaw.run)
    if unhandled:
        titles = tuple(level.title(flaw.about) for flaw in unhandled if isinstance(flaw.about, str))
        yield Finding(
            code="unhandled-failure",
            sentence=f"nothing handles a failure of {_listed(titles)}: it ends the traversal in failure; give an "
            "onFailure or always to what should go on",
            nodes=titles,
            run=unhandled[0].run,
        )


def _broken_promise(level: Level, guarantee: Guarantee) -> str:
    match guarantee:
        case NeverBefore(dispatch=dispatch, succeeded=succeeded):
            return f"{level.place}{dispatch} may be dispatched before {level.place}{succeeded} has succeeded"
        case AtMost(dispatch=dispatch, times=times):
            often = {0: "at all", 1: "more than once"}.get(times, f"more than {times} times")
            return f"{level.place}{dispatch} may be dispatched {often}"
        case NeverAfter(dispatch=dispatch, after=after):
            return f"{level.place}{dispatch} may be dispatched after {level.place}{after.node} has {after.ended}"
        case Always(dispatch=dispatch, after=maybe):
            when = "" if maybe is None else f" after {level.place}{maybe.node} has {maybe.ended}"
            return f"a run may end without a dispatch of {level.place}{dispatch}{when}"
        case OneOf(dispatch=names):
            listed = f"{', '.join(names[:-1])} and {names[-1]}"
            return f"a run may dispatch none, or more than one, of {listed}"
        case _:
            assert_never(guarantee)


_SENTENCES: Final = {
    "stuck": "the traversal stands still: it has not ended, and waits for nothing",
    "ended-wrongly": "the traversal ends without saying so, or says so more than once",
    "machine-refused": "the machine refuses an answer that it waits for",
    "machine-raised": "the machine raises an exception",
}


def _never_happens(level: Level, found: Exploration, twin: Twin) -> Iterator[Finding]:
    dag = level.dag
    for node in dag.nodes.values():
        if node.id not in found.reached:
            continue
        never_holds = isinstance(node, JoinNode) and node.id not in found.succeeded
        if never_holds:
            yield Finding(
                code="join-never-holds",
                sentence=f"the join {level.title(node.id)} can never hold: not enough of its branches can succeed",
                nodes=(level.title(node.id),),
            )
        for guard, target in edges_from(node):
            if guard == JOIN or (node.id, guard) in found.edges or (never_holds and guard == SUCCESS):
                continue
            is_only_way = target not in found.reached
            way = describe_guard(node, guard) or guard
            yield Finding(
                code="unreachable-node" if is_only_way else "unreachable-edge",
                sentence=f"no run takes the edge {way!r} from {level.title(node.id)} to {level.title(target)}"
                + (", and no other way leads there" if is_only_way else "")
                + _reason(level, twin, node.id, guard),
                nodes=(level.title(node.id), level.title(target)),
            )


def _reason(level: Level, twin: Twin, node: NodeId, guard: str) -> str:
    routing = twin.routings.get(node)
    if routing is None:
        return ""
    if guard.startswith(CONDITION) and int(guard.removeprefix(CONDITION)) not in routing.possible:
        return ": its condition contradicts itself, or one before it always holds then"
    if not guard.startswith(CONDITION) and ELSE not in routing.possible:
        return ": one of its conditions always holds"
    return ""


def _listed(titles: Sequence[str], most: int = 5) -> str:
    if len(titles) == 1:
        return titles[0]
    if len(titles) > most:
        return f"{', '.join(titles[:most])} and {len(titles) - most} more"
    return f"{', '.join(titles[:-1])} and {titles[-1]}"
