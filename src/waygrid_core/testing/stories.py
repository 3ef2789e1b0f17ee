"""Stories: runs that could happen. A plot is plain data; telling it to a machine gives a story, step by step."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen
from hypothesis import strategies as st

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import ExtensionWork, ForkNode, TaskNode
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.testing import values
from waygrid_core.testing.machine import MachineStep, TraversalMachine
from waygrid_core.testing.moves import (
    Answered,
    BranchesCanceled,
    Fired,
    FiredAnyway,
    Move,
    Odd,
    Repeated,
    Reply,
    Said,
    Stale,
    Started,
    Told,
    before_begin,
    moves_with,
    replies,
)
from waygrid_core.traversal.effects import CancelNode, DispatchNode, Effect, Schedule, Unschedule
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    KnownKey,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Signal,
    Unpause,
)
from waygrid_core.traversal.signals import Told as ToldSignal
from waygrid_core.traversal.state import TraversalState
from waygrid_core.traversal.timers import timer_signal

TRAVERSAL: Final = TraversalId("01KDVDNA0000000000000000AA")
"""The traversal of every story."""
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When stories begin."""
MOST_ANSWERS: Final = 2_000
"""More than any story of a small Spec needs; a machine that needs more will not end."""
MOST_ASKED: Final = 3
"""So often a node of a user's kind is answered while a story comes to its end; one that asks still is answered that its
attempt failed. Else a story would be as long as its kind may ask."""

_TIRED: Final = ErrorDetail("failed", "nobody answers any more")


@frozen
class Plot:
    """What will happen, whatever the Spec: moves before the begin, the begin, moves after it; then `replies` in turn
    answer whatever is asked for, until the traversal ends."""

    payload: JsonValue
    entry: int
    known: tuple[tuple[int, JsonValue], ...]
    """The output of the so-manieth task, if another traversal has done it."""
    run: int
    before: tuple[Move, ...]
    moves: tuple[Move, ...]
    replies: tuple[Reply, ...]
    fires_first: bool
    """Whether, in the end, timers fire before answers come."""


_KNOWN = st.tuples(st.integers(0, 11), values.records)


def plots(
    max_moves: int = 25,
    *,
    payloads: st.SearchStrategy[JsonValue] = values.records,
    answers: st.SearchStrategy[Reply] = replies,
    says: st.SearchStrategy[JsonValue] | None = None,
) -> st.SearchStrategy[Plot]:
    """Any plot, with these payloads and answers, and this that is said to a Spec with signals of its own."""
    moves = moves_with(answers, says)
    return st.builds(
        Plot,
        payload=payloads,
        entry=st.sampled_from((0, 0, 0, 1)),
        known=st.one_of(st.just(()), st.just(()), st.just(()), st.lists(_KNOWN, min_size=1, max_size=2).map(tuple)),
        run=st.sampled_from((1, 1, 7)),
        before=before_begin.map(tuple),
        moves=st.sampled_from((0, max_moves // 3, max_moves))
        .flatmap(lambda least: st.lists(moves, min_size=least, max_size=max_moves))
        .map(tuple),
        replies=st.lists(answers, min_size=1, max_size=3).map(tuple),
        fires_first=st.booleans(),
    )


Step: TypeAlias = MachineStep[TraversalState, Signal, Event, Effect]
"""One signal to a traversal, and what came of it."""


@define
class Teller:
    """Tells a plot to a machine. Mutable: it keeps what is outstanding, from the effects alone."""

    machine: TraversalMachine
    dag: Dag
    state: TraversalState
    now: datetime = START
    steps: list[Step] = field(factory=list)
    outstanding: dict[tuple[NodeId, int], DispatchNode] = field(factory=dict)
    timers: dict[str, Schedule] = field(factory=dict)
    every_dispatch: list[DispatchNode] = field(factory=list)
    every_timer: list[Schedule] = field(factory=list)
    is_settling: bool = False
    on_step: Callable[[Step], None] = lambda _: None

    def send(self, signal: Signal) -> Step:
        """One step."""
        outcome = self.machine.decide(self.state, signal, self.now)
        decided = None if isinstance(outcome, Failure) else outcome.unwrap()
        refusal = outcome.failure() if isinstance(outcome, Failure) else None
        step: Step = MachineStep(self.state, signal, self.now, decided, refusal, self.is_settling)
        self.steps.append(step)
        if decided is not None:
            self.state = decided.state
            self._forget_answered(signal)
            for effect in decided.effects:
                self._note(effect)
        self.on_step(step)
        return step

    def _forget_answered(self, signal: Signal) -> None:
        match signal:
            case NodeSuccess(node=node, attempt=attempt) | NodeFailure(node=node, attempt=attempt):
                self.outstanding.pop((node, attempt), None)
            case _:
                self.timers.pop(getattr(signal, "timer", ""), None)

    def _note(self, effect: Effect) -> None:
        match effect:
            case DispatchNode(node=node, attempt=attempt):
                self.outstanding[node, attempt] = effect
                self.every_dispatch.append(effect)
            case CancelNode(node=node, attempt=attempt):
                self.outstanding.pop((node, attempt), None)
            case Schedule(timer=timer):
                self.timers[timer] = effect
                self.every_timer.append(effect)
            case Unschedule(timer=timer):
                self.timers.pop(timer, None)
            case _:
                pass

    def play(self, move: Move) -> None:
        """What the move means here; nothing, if there is nothing that it could mean."""
        match move:
            case Answered(which=which, reply=reply, after=after):
                if self.outstanding:
                    self.now += timedelta(seconds=after)
                    self.send(answer_to(_nth([*self.outstanding.values()], which), reply))
            case Fired(which=which, late=late):
                if self.timers:
                    self._fire(_nth([*self.timers.values()], which), late)
            case Repeated(which=which):
                if self.steps:
                    self.send(_nth(self.steps, which).signal)
            case Stale(which=which, reply=reply):
                if self.every_dispatch:
                    self.send(answer_to(_nth(self.every_dispatch, which), reply))
            case FiredAnyway(which=which):
                if self.every_timer:
                    self._fire(_nth(self.every_timer, which), 0)
            case Started(which=which):
                if self.outstanding:
                    dispatch = _nth([*self.outstanding.values()], which)
                    self.send(NodeStart(TRAVERSAL, dispatch.node, dispatch.attempt))
            case BranchesCanceled(which=which, mask=mask, of_any=of_any):
                forks = [
                    node
                    for node in self.dag.nodes.values()
                    if isinstance(node, ForkNode)
                    and (of_any or (node.id in self.state.forks and self.state.forks[node.id].is_open))
                ]
                if forks:
                    fork = _nth(forks, which)
                    named = tuple(name for bit, (name, _) in enumerate(fork.branches) if mask >> bit & 1)
                    self.send(CancelBranches(TRAVERSAL, fork.join_node_id, named))
            case Told(what=what):
                self._tell(what)
            case Said(which=which, data=data):
                if self.dag.signals:
                    kind = _nth(self.dag.signals, which).name
                    self.send(ToldSignal(TRAVERSAL, f"said-{len(self.steps)}", kind, data))
            case Odd(what=what, which=which):
                self._send_oddity(what, which)

    def _fire(self, timer: Schedule, late: int) -> None:
        self.now = max(self.now, timer.at) + timedelta(seconds=late)
        self.send(timer_signal(timer.timer))

    def _tell(self, what: str) -> None:
        match what:
            case "pause":
                self.send(Pause(TRAVERSAL))
            case "unpause":
                self.send(Unpause(TRAVERSAL))
            case "cancel":
                self.send(Cancel(TRAVERSAL, "changed my mind"))
            case "crash":
                self.state = self.machine.reload(self.state)
            case "begin":
                begun = [step.signal for step in self.steps if isinstance(step.signal, Begin)]
                if begun:
                    self.send(begun[0])
            case _:
                self.send(Begin(TRAVERSAL, {"another": "payload"}))

    def _send_oddity(self, what: str, which: int) -> None:
        node = _nth([*self.dag.nodes.values()], which)
        match what:
            case "unknown-node":
                self.send(NodeSuccess(TRAVERSAL, NodeId("0" * 16), 1))
            case "other-traversal":
                self.send(NodeSuccess(TraversalId("01KDVDNA0000000000000000ZZ"), node.id, 1))
            case "attempt-too-high":
                self.send(NodeFailure(TRAVERSAL, node.id, 1_000, ErrorDetail("failed")))
            case "unknown-fork":
                self.send(CancelBranches(TRAVERSAL, "no-such-join", ("a",)))
            case "unknown-branch":
                forks = [node for node in self.dag.nodes.values() if isinstance(node, ForkNode)]
                if forks:
                    self.send(CancelBranches(TRAVERSAL, _nth(forks, which).join_node_id, ("no-such-branch",)))
            case _:
                others = [node for node in self.dag.nodes.values() if not isinstance(node, TaskNode)]
                if others:
                    self.send(NodeSuccess(TRAVERSAL, _nth(others, which).id, 1))

    def settle(self, replies_in_turn: Sequence[Reply], *, fires_first: bool) -> None:
        """Answers whatever is outstanding until the traversal ends, or until nothing is outstanding."""
        self.is_settling = True
        if self.state.status == "Paused":
            self.send(Unpause(TRAVERSAL))
        turn = 0
        while not self.state.has_ended and (self.outstanding or self.timers) and turn < MOST_ANSWERS:
            timers = sorted(self.timers.values(), key=lambda timer: timer.at)
            if timers and (fires_first or not self.outstanding):
                self._fire(timers[0], 0)
            else:
                dispatch = next(iter(self.outstanding.values()))
                reply = replies_in_turn[turn % len(replies_in_turn)]
                self.send(answer_to(dispatch, _TIRED if self._asks_on(dispatch) else reply))
            turn += 1

    def _asks_on(self, dispatch: DispatchNode) -> bool:
        task = self.dag.nodes[dispatch.node]
        is_of_users_kind = isinstance(task, TaskNode) and isinstance(task.work, ExtensionWork)
        return is_of_users_kind and dispatch.attempt > MOST_ASKED


@frozen
class Story:
    """A run of one Spec, told to its end."""

    document: JsonValue
    compiled: CompiledDag
    machine: TraversalMachine
    steps: tuple[Step, ...]

    @property
    def dag(self) -> Dag:
        """What it runs."""
        return self.compiled.dag

    @property
    def end(self) -> TraversalState:
        """The last state."""
        return self.steps[-1].after

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield json.dumps(self.document, ensure_ascii=False)
        for step in self.steps:
            yield f"{_clock(step.now)} {shown(self.dag, step.signal)}"
            if step.decided is None:
                yield f"      refused: {step.refusal}"
            else:
                yield from (f"      . {shown(self.dag, event)}" for event in step.decided.events)
                yield from (f"      > {shown(self.dag, effect)}" for effect in step.decided.effects)
        yield f"      = {self.end.status}"


def tell(
    plot: Plot,
    document: JsonValue,
    compiled: CompiledDag,
    machine: TraversalMachine,
    on_step: Callable[[Step], None] | None = None,
) -> Story:
    """The story of `plot` in what `document` compiles to. `on_step` sees each step as soon as it has happened."""
    teller = Teller(machine, compiled.dag, machine.start)
    if on_step is not None:
        teller.on_step = on_step
    for move in plot.before:
        teller.play(move)
    teller.send(begin_of(plot, compiled.dag))
    for move in plot.moves:
        teller.play(move)
    teller.settle(plot.replies, fires_first=plot.fires_first)
    return Story(document, compiled, machine, tuple(teller.steps))


def begin_of(plot: Plot, dag: Dag) -> Begin:
    """The begin of `plot` in `dag`."""
    tasks = [node.id for node in dag.nodes.values() if isinstance(node, TaskNode)]
    known: dict[KnownKey, JsonValue] = {}
    for which, output in plot.known if tasks else ():
        known[dag.digests[_nth(tasks, which)], None] = output
    return Begin(TRAVERSAL, plot.payload, plot.entry % max(1, len(dag.entry_points)), known, plot.run)


def answer_to(dispatch: DispatchNode, reply: Reply) -> Signal:
    """The signal with which a service answers `dispatch`."""
    if isinstance(reply, ErrorDetail):
        return NodeFailure(TRAVERSAL, dispatch.node, dispatch.attempt, reply)
    return NodeSuccess(TRAVERSAL, dispatch.node, dispatch.attempt, reply)


def shown(dag: Dag, value: object) -> str:
    """A signal, event or effect on one line, nodes by their authors' names."""
    text = str(value).replace(f"{TRAVERSAL!r}", "...").replace(TRAVERSAL, "...")
    for name, node in dag.node_named.items():
        text = text.replace(f"'{node}'", name).replace(node, name)
    return text


def _clock(now: datetime) -> str:
    return f"+{(now - START).total_seconds():g}s"


def _nth(things: Sequence[Any], which: int) -> Any:
    return things[which % len(things)]
