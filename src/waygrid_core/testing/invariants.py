"""What a user knows must always be so, as a value: `never(dispatch="payout", before=succeeded("approval"))`.

An invariant looks at a whole story and says which step broke it. Names are those of scenarios and guarantees: a node's
id, else its label, else its address without scheme; those of bodies are no part of a story, which runs one traversal.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from typing import Literal, TypeAlias

from attrs import frozen

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.naming import names_of
from waygrid_core.extension.look import NodeStatus
from waygrid_core.history.status import ShownStatus, shown_status
from waygrid_core.model.identifiers import NodeId
from waygrid_core.spec.guarantee import Always, AtMost, Guarantee, NeverAfter, NeverBefore, OneOf
from waygrid_core.testing.stories import Step
from waygrid_core.traversal.events import (
    Event,
    NodeDispatched,
    NodeFailed,
    NodeSucceeded,
    NodeTimedOut,
    TraversalCanceled,
)
from waygrid_core.traversal.node_status import node_status
from waygrid_core.traversal.signals import Cancel, CancelBranches
from waygrid_core.traversal.state import TraversalState

MomentKind: TypeAlias = Literal["dispatched", "succeeded", "failed"]


@frozen
class Moment:
    """Something that happens to a node."""

    kind: MomentKind
    node: str

    def is_in(self, event: Event, node_called: Callable[[str], Set[NodeId]]) -> bool:
        """Whether `event` is that."""
        match self.kind:
            case "dispatched":
                return isinstance(event, NodeDispatched) and event.node in node_called(self.node)
            case "succeeded":
                return isinstance(event, NodeSucceeded) and event.node in node_called(self.node)
            case "failed":
                return isinstance(event, NodeFailed | NodeTimedOut) and event.node in node_called(self.node)

    def __str__(self) -> str:
        return f"{self.node} {'is dispatched' if self.kind == 'dispatched' else f'has {self.kind}'}"


def dispatched(node: str) -> Moment:
    """An attempt of the node is dispatched."""
    return Moment("dispatched", node)


def succeeded(node: str) -> Moment:
    """The node succeeds."""
    return Moment("succeeded", node)


def failed(node: str) -> Moment:
    """The node fails for good, or times out for good."""
    return Moment("failed", node)


@frozen
class Violation:
    """Which step of a story broke a law, and how.

    `excess` is a node that should not have been dispatched in that step, `missing` one that should have been by then.
    """

    step: int
    why: str
    excess: str | None = None
    missing: str | None = None


Watch: TypeAlias = Callable[[CompiledDag, Sequence[Step]], Violation | None]


@frozen
class Invariant:
    """A sentence, and a function that finds the first step of a story that breaks it; `names` are the nodes in it."""

    sentence: str
    watch: Watch
    names: tuple[str, ...] = ()


@frozen
class RunSoFar:
    """The beginning of a story, as an invariant of one's own looks at it."""

    compiled: CompiledDag
    steps: Sequence[Step]

    @property
    def state(self) -> TraversalState:
        """The state after it."""
        return self.steps[-1].after

    @property
    def status(self) -> ShownStatus:
        """The status of the traversal, in the words of scenarios."""
        return shown_status(self.state.status)

    @property
    def nodes(self) -> dict[str, NodeStatus]:
        """The status of every node that was reached, by name; of nodes of one name, the last."""
        names = names_of(self.compiled.dag, self.compiled.annotations)
        return {names[node]: node_status(run) for node, run in self.state.nodes.items() if node in names}

    @property
    def dispatched(self) -> tuple[str, ...]:
        """The names of the nodes that were dispatched, an attempt each, in their order."""
        names = names_of(self.compiled.dag, self.compiled.annotations)
        return tuple(names[event.node] for _, event in _events(self.steps) if isinstance(event, NodeDispatched))


def invariant(sentence: str, holds: Callable[[RunSoFar], bool]) -> Invariant:
    """An invariant of one's own: `holds` is asked of every beginning of a story, one step longer each time."""

    def watch(compiled: CompiledDag, steps: Sequence[Step]) -> Violation | None:
        for index in range(len(steps)):
            try:
                is_so = holds(RunSoFar(compiled, steps[: index + 1]))
            except Exception as error:  # it is the user's code
                return Violation(index, f"asked after the last step it raised {type(error).__name__}: {error}")
            if not is_so:
                return Violation(index, f"after the last step it is not so that {sentence}")
        return None

    return Invariant(sentence, watch)


def never(*, dispatch: str, before: Moment | None = None, after: Moment | None = None) -> Invariant:
    """The node is never dispatched before that moment, or after it; without either, never at all."""
    if before is not None and after is not None:
        raise ValueError("never says one thing: before, or after; write two invariants")
    moment = before or after
    when = "" if moment is None else f" {'before' if before is not None else 'after'} {moment}"

    def watch(compiled: CompiledDag, steps: Sequence[Step]) -> Violation | None:
        called = _called(compiled)
        has_been = False
        for index, event in _events(steps):
            if dispatched(dispatch).is_in(event, called) and (moment is None or has_been == (after is not None)):
                return Violation(index, f"{dispatch} is dispatched{when}", excess=dispatch)
            has_been = has_been or (moment is not None and moment.is_in(event, called))
        return None

    names = (dispatch,) if moment is None else (dispatch, moment.node)
    return Invariant(f"{dispatch} is never dispatched{when}", watch, names)


def at_most(times: int, *, dispatch: str) -> Invariant:
    """The node is dispatched at most so often; a retry counts."""

    def watch(compiled: CompiledDag, steps: Sequence[Step]) -> Violation | None:
        called, count = _called(compiled), 0
        for index, event in _events(steps):
            count += dispatched(dispatch).is_in(event, called)
            if count > times:
                return Violation(index, f"{dispatch} is dispatched {count} times", excess=dispatch)
        return None

    return Invariant(
        f"{dispatch} is dispatched at most {times} {'time' if times == 1 else 'times'}", watch, (dispatch,)
    )


def always(*, dispatch: str, after: Moment | None = None) -> Invariant:
    """On every run (on which that moment comes) the node is dispatched (after it) before the end.

    What is known already counts as dispatched. Runs that somebody canceled, in whole or in part, are not judged.
    """
    when = "" if after is None else f" after {after}"

    def watch(compiled: CompiledDag, steps: Sequence[Step]) -> Violation | None:
        called = _called(compiled)
        is_owed = after is None
        for _, event in _events(steps):
            if after is not None and after.is_in(event, called):
                is_owed = True
            elif dispatched(dispatch).is_in(event, called) or succeeded(dispatch).is_in(event, called):
                is_owed = False
                if after is None:
                    return None
        ended = _ended(steps)
        if not is_owed or ended is None:
            return None
        return Violation(ended, f"the traversal has ended, and {dispatch} was not dispatched{when}", missing=dispatch)

    names = (dispatch,) if after is None else (dispatch, after.node)
    return Invariant(f"{dispatch} is always dispatched{when}", watch, names)


def one_of(*names: str) -> Invariant:
    """Every run dispatches one of these, and no other of them. Runs that somebody canceled are judged as far as they
    came; what is known already counts as dispatched."""

    def watch(compiled: CompiledDag, steps: Sequence[Step]) -> Violation | None:
        called = _called(compiled)
        chosen: str | None = None
        for index, event in _events(steps):
            for name in names:
                if dispatched(name).is_in(event, called) or succeeded(name).is_in(event, called):
                    if chosen not in (None, name):
                        return Violation(index, f"{chosen} was dispatched, and {name} is", excess=name)
                    chosen = name
        ended = _ended(steps)
        if chosen is not None or ended is None:
            return None
        return Violation(ended, f"the traversal has ended, and none of {', '.join(names)} was dispatched")

    return Invariant(f"one of {', '.join(names)} is dispatched", watch, names)


def invariant_of(guarantee: Guarantee) -> Invariant:
    """A guarantee of a Spec, held against stories; `waygrid verify` proves it."""
    match guarantee:
        case NeverBefore(dispatch=dispatch, succeeded=moment):
            return never(dispatch=dispatch, before=succeeded(moment))
        case AtMost(dispatch=dispatch, times=times):
            return at_most(times, dispatch=dispatch)
        case NeverAfter(dispatch=dispatch, after=after):
            return never(dispatch=dispatch, after=Moment(after.ended, after.node))
        case Always(dispatch=dispatch, after=maybe):
            return always(dispatch=dispatch, after=None if maybe is None else Moment(maybe.ended, maybe.node))
        case OneOf(dispatch=names):
            return one_of(*names)


def _ended(steps: Sequence[Step]) -> int | None:
    """The step with which the run ended by itself; None if it has not, or somebody canceled it, in whole or in part."""
    if any(step.decided is not None and isinstance(step.signal, Cancel | CancelBranches) for step in steps):
        return None
    if any(isinstance(event, TraversalCanceled) for _, event in _events(steps)):  # by a signal of the Spec
        return None
    ended = next((index for index, step in enumerate(steps) if step.after.has_ended), None)
    return ended if ended is not None and steps[ended].after.has_begun else None


def _events(steps: Sequence[Step]) -> Iterator[tuple[int, Event]]:
    for index, step in enumerate(steps):
        for event in () if step.decided is None else step.decided.events:
            yield index, event


def _called(compiled: CompiledDag) -> Callable[[str], Set[NodeId]]:
    by_name: dict[str, set[NodeId]] = {}
    for node, name in names_of(compiled.dag, compiled.annotations).items():
        by_name.setdefault(name, set()).add(node)
    return lambda name: by_name.get(name, set())
