"""Stories of a series or a loop: its runs end in any way, in any order that could happen, late, twice, stale, never."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from attrs import define, field, frozen
from hypothesis import strategies as st

from waygrid_core.children.ending import EndedByCancel, EndedByTimeout, EndedInFailure, EndedInSuccess, TraversalEnd
from waygrid_core.children.plan import LoopPlan, SeriesPlan
from waygrid_core.children.series import series_obligations, series_transition
from waygrid_core.children.series_effects import CancelRun, SeriesEffect, StartRun
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.children.series_fold import evolve_series
from waygrid_core.children.series_signals import RunEnd, SeriesSignal, StartDue, start_signal
from waygrid_core.children.series_state import SeriesState, new_series
from waygrid_core.codec.wire import decode_state, encode_state
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.condition.expression import Condition
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import LoopWork
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.json_value import Missing
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.testing.data import Document, conditions
from waygrid_core.testing.machine import Decided, Machine, MachineStep
from waygrid_core.testing.moves import (
    Answered,
    Fired,
    FiredAnyway,
    Move,
    Odd,
    Repeated,
    Reply,
    Stale,
    Told,
)
from waygrid_core.testing.policies import durations, repeat_policies
from waygrid_core.testing.stories import START, TRAVERSAL, Plot
from waygrid_core.traversal.effects import Cancel, Complete, Fail, Schedule, StartFollowUp, Unschedule
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import Begin, Pause, Unpause
from waygrid_core.traversal.signals import Cancel as CancelSignal

SeriesMachine: TypeAlias = Machine[SeriesState, SeriesSignal, SeriesEvent, SeriesEffect]
SeriesStep: TypeAlias = MachineStep[SeriesState, SeriesSignal, SeriesEvent, SeriesEffect]

MOST_ANSWERS = 60
"""After so many answers a series that may go on for ever is canceled."""


@frozen
class Repeating:
    """What repeats: a DAG with a repeat policy, or the body of a loop."""

    dag: Dag
    plan: SeriesPlan | LoopPlan


@st.composite
def repeating(draw: st.DrawFn) -> Repeating:
    """Series of every policy, and loops."""
    body: Document = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/a"}]}
    if draw(st.booleans()):
        body["onEnd"] = {"type": "pass"}
    if draw(st.booleans()):
        body["repeatPolicy"] = draw(repeat_policies())
        dag = compile_document(body).unwrap().dag
        return Repeating(dag, SeriesPlan(dag.hash))
    loop: Document = {"type": "loop", "body": body, "atMost": draw(st.integers(1, 4))}
    loop["until"] = draw(
        st.one_of(conditions(["/payload"]), st.just({"type": "JsonEquals", "pointer": "/n", "value": 2}))
    )
    if draw(st.booleans()):
        loop["every"] = draw(durations)
    compiled = compile_document({"entryPoints": [loop]}).unwrap()
    work = next(iter(compiled.dag.nodes.values())).work  # type: ignore[union-attr]
    assert isinstance(work, LoopWork)
    until: Condition = work.until
    return Repeating(compiled[work.body], LoopPlan(work.body, until, work.at_most, work.every))


def series_machine(repeats: Repeating, series: TraversalId = TRAVERSAL) -> SeriesMachine:
    """The machine of a series."""

    def decide(
        state: SeriesState, signal: SeriesSignal, now: datetime
    ) -> Outcome[Decided[SeriesState, SeriesEvent, SeriesEffect], object]:
        outcome = series_transition(repeats.dag, repeats.plan, state, signal, now)
        if isinstance(outcome, Failure):
            return Failure(outcome.failure())
        decided = outcome.unwrap()
        return Success(Decided(decided.state, decided.events, decided.effects))

    return Machine(
        start=new_series(series),
        decide=decide,
        evolve=evolve_series,
        obligations=series_obligations,
        answers=_answers,
        withdraws=_withdraws,
        is_terminal=lambda effect: isinstance(effect, Complete | Fail | Cancel),
        is_follow_up=lambda effect: isinstance(effect, StartFollowUp),
        has_ended=lambda state: state.has_ended,
        is_stuck_without_obligation=lambda state: state.status == "Running",
        reload=_reload,
    )


def _reload(state: SeriesState) -> SeriesState:
    read = decode_state(encode_state(state)).unwrap()
    assert isinstance(read, SeriesState)
    return read


def _answers(signal: SeriesSignal, obligation: SeriesEffect) -> bool:
    match obligation:
        case StartRun(run=run):
            return isinstance(signal, RunEnd) and signal.run == run
        case Schedule(timer=timer):
            return isinstance(signal, StartDue) and signal.timer == timer
        case _:
            return False


def _withdraws(obligation: SeriesEffect) -> SeriesEffect:
    match obligation:
        case StartRun(run=run, child=child):
            return CancelRun(run, child)
        case Schedule(timer=timer):
            return Unschedule(timer)
        case _:
            raise AssertionError(f"{obligation!r} is no obligation")


@define
class SeriesTeller:
    """Tells a plot to the machine of a series. Mutable: it keeps what is outstanding, from the effects alone."""

    machine: SeriesMachine
    state: SeriesState
    now: datetime = START
    steps: list[SeriesStep] = field(factory=list)
    outstanding: dict[int | TimerId, StartRun | Schedule] = field(factory=dict)
    every_run: list[int] = field(factory=list)
    every_timer: list[Schedule] = field(factory=list)
    is_settling: bool = False

    def send(self, signal: SeriesSignal) -> None:
        """One step."""
        outcome = self.machine.decide(self.state, signal, self.now)
        decided = None if isinstance(outcome, Failure) else outcome.unwrap()
        refusal = outcome.failure() if isinstance(outcome, Failure) else None
        self.steps.append(MachineStep(self.state, signal, self.now, decided, refusal, self.is_settling))
        if decided is None:
            return
        self.state = decided.state
        match signal:
            case RunEnd(run=run):
                self.outstanding.pop(run, None)
            case StartDue(timer=timer):
                self.outstanding.pop(timer, None)
            case _:
                pass
        for effect in decided.effects:
            self._note(effect)

    def _note(self, effect: SeriesEffect) -> None:
        match effect:
            case StartRun(run=run):
                self.outstanding[run] = effect
                self.every_run.append(run)
            case CancelRun(run=run):
                self.outstanding.pop(run, None)
            case Schedule(timer=timer):
                self.outstanding[timer] = effect
                self.every_timer.append(effect)
            case Unschedule(timer=timer):
                self.outstanding.pop(timer, None)
            case _:
                pass

    def play(self, move: Move) -> None:
        """What the move means for a series; nothing, if it means nothing there."""
        match move:
            case Answered(reply=reply, after=after):
                self._answer_what_it_waits_for(reply, after)
            case Fired(late=late):
                self._answer_what_it_waits_for({}, late)
            case Repeated(which=which):
                if self.steps:
                    self.send(_nth(self.steps, which).signal)
            case Stale(which=which, reply=reply):
                if self.every_run:
                    self.send(RunEnd(TRAVERSAL, _nth(self.every_run, which), end_of(reply)))
            case FiredAnyway(which=which):
                if self.every_timer:
                    timer: Schedule = _nth(self.every_timer, which)
                    self.now = max(self.now, timer.at)
                    self.send(start_signal(timer.timer))
            case Told(what=what):
                self._tell(what)
            case Odd(what="other-traversal"):
                self.send(Pause(TraversalId("01KDVDNA0000000000000000ZZ")))
            case Odd():
                self.send(RunEnd(TRAVERSAL, 1_000, EndedByCancel(None)))
            case _:
                pass

    def _answer_what_it_waits_for(self, reply: Reply, after: int) -> None:
        if self.outstanding:
            self.now += timedelta(seconds=after)
            self.answer(next(iter(self.outstanding.values())), reply)

    def _tell(self, what: str) -> None:
        match what:
            case "pause":
                self.send(Pause(TRAVERSAL))
            case "unpause":
                self.send(Unpause(TRAVERSAL))
            case "cancel":
                self.send(CancelSignal(TRAVERSAL, "changed my mind"))
            case "crash":
                self.state = self.machine.reload(self.state)
            case "begin":
                for signal in [step.signal for step in self.steps if isinstance(step.signal, Begin)][:1]:
                    self.send(signal)
            case _:
                self.send(Begin(TRAVERSAL, {"another": "payload"}))

    def answer(self, obligation: StartRun | Schedule, reply: Reply) -> None:
        """A run ends, or its timer fires."""
        match obligation:
            case StartRun(run=run):
                self.send(RunEnd(TRAVERSAL, run, end_of(reply)))
            case Schedule(timer=timer, at=at):
                self.now = max(self.now, at)
                self.send(start_signal(timer))

    def settle(self, replies_in_turn: Sequence[Reply]) -> None:
        """Answers until the series ends; one that may go on for ever is canceled in the end."""
        self.is_settling = True
        if self.state.status == "Paused":
            self.send(Unpause(TRAVERSAL))
        for turn in range(MOST_ANSWERS):
            if self.outstanding and not self.state.has_ended:
                self.answer(next(iter(self.outstanding.values())), replies_in_turn[turn % len(replies_in_turn)])
        if not self.state.has_ended:
            self.send(CancelSignal(TRAVERSAL))


def end_of(reply: Reply) -> TraversalEnd:
    """How a run ends that is answered so; two of the errors stand for a timeout and for a cancel."""
    match reply:
        case ErrorDetail(code="timeout"):
            return EndedByTimeout(reply)
        case ErrorDetail(code="http-404"):
            return EndedByCancel("by its own id")
        case ErrorDetail():
            return EndedInFailure(reply)
        case Missing():
            return EndedInSuccess({})
        case _:
            return EndedInSuccess(reply)


@frozen
class SeriesStory:
    """A run of one series, told to its end."""

    repeats: Repeating
    machine: SeriesMachine
    steps: tuple[SeriesStep, ...]

    def __str__(self) -> str:
        lines = [f"{self.repeats.plan} {self.repeats.dag.repeat_policy}"]
        for step in self.steps:
            lines.append(f"+{(step.now - START).total_seconds():g}s {step.signal}")
            what = (
                [f"refused: {step.refusal}"] if step.decided is None else [*step.decided.events, *step.decided.effects]
            )
            lines += [f"      {line}" for line in what]
        return "\n".join(lines)


def tell_series(plot: Plot, repeats: Repeating) -> SeriesStory:
    """The story of `plot` in a series."""
    machine = series_machine(repeats)
    teller = SeriesTeller(machine, machine.start)
    for move in plot.before:
        teller.play(move)
    teller.send(Begin(TRAVERSAL, plot.payload))
    for move in plot.moves:
        teller.play(move)
    teller.settle(plot.replies)
    return SeriesStory(repeats, machine, tuple(teller.steps))


def _nth(things: Sequence[Any], which: int) -> Any:
    return things[which % len(things)]
