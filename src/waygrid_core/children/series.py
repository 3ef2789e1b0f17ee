"""The machine of a series: a Spec with a repeat policy, or a loop.

It is a decider like the machine of a traversal: `series_transition(dag, plan, state, signal, now)` gives state, events
and effects, and reads no clock. It waits for one thing at a time, the current run, which is in flight or due later; so
a run never overlaps the one before it, and effects are the change of that one obligation.
"""

from datetime import datetime
from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.children.ending import (
    EndedByCancel,
    EndedByTimeout,
    EndedInFailure,
    EndedInSuccess,
    TraversalEnd,
)
from waygrid_core.children.identity import run_id
from waygrid_core.children.plan import LoopPlan, SeriesPlan
from waygrid_core.children.repetition import EndSeries, after_run
from waygrid_core.children.series_effects import CancelRun, SeriesEffect, SeriesObligation, StartRun
from waygrid_core.children.series_events import (
    RunEnded,
    RunScheduled,
    RunSignalHeld,
    RunStarted,
    SeriesBegun,
    SeriesEvent,
)
from waygrid_core.children.series_fold import fold_series
from waygrid_core.children.series_signals import HeldRunSignal, RunEnd, SeriesSignal, StartDue, start_timer
from waygrid_core.children.series_state import CurrentRun, RunInFlight, RunWaiting, SeriesState
from waygrid_core.dag.dag import Dag
from waygrid_core.model.json_value import JsonValue, json_equal
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.effects import Cancel, Complete, Fail, Schedule, StartFollowUp, Unschedule
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import (
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)
from waygrid_core.traversal.handlers.begin import MAX_FORK_DEPTH
from waygrid_core.traversal.rejections import (
    AlreadyInProgress,
    EmptyDag,
    InvalidNodeState,
    MissingEntryNode,
    NestedForkDepthExceeded,
    TraversalError,
    TraversalMismatch,
)
from waygrid_core.traversal.signals import Begin, Pause, Unpause
from waygrid_core.traversal.signals import Cancel as CancelSignal

Events: TypeAlias = tuple[SeriesEvent, ...]
_NOTHING: Events = ()


@frozen
class SeriesTransition:
    """What one signal did."""

    state: SeriesState
    events: tuple[SeriesEvent, ...] = ()
    effects: tuple[SeriesEffect, ...] = ()


def series_transition(
    dag: Dag, plan: SeriesPlan | LoopPlan, state: SeriesState, signal: SeriesSignal, now: datetime
) -> Outcome[SeriesTransition, TraversalError]:
    """What `signal` does to a series of runs of `dag` (of a loop: its body), at `now`.

    Total and deterministic. What is late, stale or double is a transition without events and effects.
    """
    if signal.traversal != state.traversal:
        return Failure(TraversalMismatch(state.traversal, signal.traversal))
    if state.has_ended:
        return Success(SeriesTransition(state))
    events = _decide(dag, plan, state, signal, now)
    if not isinstance(events, tuple):
        return Failure(events)
    after = fold_series(events, state)
    return Success(SeriesTransition(after, events, _effects(dag, state, signal, after)))


def series_obligations(state: SeriesState) -> tuple[SeriesObligation, ...]:
    """What a series waits for: its run in flight, or the timer of its next one. Enough to send either again."""
    current = _open(state)
    return () if current is None else (_obligation(state, current),)


def _decide(
    dag: Dag, plan: SeriesPlan | LoopPlan, state: SeriesState, signal: SeriesSignal, now: datetime
) -> Events | TraversalError:
    match signal:
        case Begin():
            return _begin(dag, state, signal, now)
        case RunEnd() | StartDue():
            if (refused := _refusal(state, signal)) is not None:
                return refused
            if not _is_current(state, signal):
                return _NOTHING
            return (RunSignalHeld(signal),) if state.status == "Paused" else _go_on(dag, plan, state, signal, now)
        case CancelSignal(reason=reason):
            return (TraversalCanceled(reason),)
        case Pause():
            return (TraversalPaused(),) if state.status == "Running" else _NOTHING
        case Unpause():
            if state.status != "Paused":
                return _NOTHING
            held = () if state.held is None else _go_on(dag, plan, state, state.held, now)
            return (TraversalUnpaused(), *held)
        case _:
            assert_never(signal)


def _begin(dag: Dag, state: SeriesState, signal: Begin, now: datetime) -> Events | TraversalError:
    if state.status != "New":
        return _NOTHING if _is_the_same(state, signal) else AlreadyInProgress()
    # A run that could not begin would leave the series waiting for ever; so what a run would refuse is refused here.
    if not dag.entry_points:
        return EmptyDag()
    if not 0 <= signal.entry < len(dag.entry_points):
        return MissingEntryNode(signal.entry)
    if dag.fork_depth > MAX_FORK_DEPTH:
        return NestedForkDepthExceeded(dag.fork_depth)
    return (
        SeriesBegun(state.traversal, dag.hash, signal.payload, signal.entry, signal.known),
        RunStarted(1, planned=now, started=now, payload=signal.payload),
    )


def _is_the_same(state: SeriesState, signal: Begin) -> bool:
    return (
        state.entry == signal.entry
        and json_equal(state.payload, signal.payload)
        and state.known.keys() == signal.known.keys()
        and all(json_equal(output, signal.known[key]) for key, output in state.known.items())
    )


def _refusal(state: SeriesState, signal: HeldRunSignal) -> TraversalError | None:
    """The error of a signal about a run that was never started, or a start that was never planned."""
    match signal:
        case RunEnd(run=run):
            if not 1 <= run <= state.runs:
                return InvalidNodeState(None, f"run {run} was never started")
        case StartDue(run=run):
            planned = state.current.run if isinstance(state.current, RunWaiting) else state.runs
            if not 1 <= run <= planned:
                return InvalidNodeState(None, f"no start of run {run} was ever planned")
        case _:
            assert_never(signal)
    return None


def _is_current(state: SeriesState, signal: HeldRunSignal) -> bool:
    """Whether the signal answers what the series waits for; if not, it is stale, or its like is held already."""
    current = _open(state)
    match signal:
        case RunEnd(run=run):
            return isinstance(current, RunInFlight) and current.run == run
        case StartDue(run=run, timer=timer):
            is_due = isinstance(current, RunWaiting) and current.run == run
            return is_due and timer == start_timer(state.traversal, run)
        case _:
            assert_never(signal)


def _go_on(dag: Dag, plan: SeriesPlan | LoopPlan, state: SeriesState, signal: HeldRunSignal, now: datetime) -> Events:
    """What a signal does that answers the current run."""
    current = state.current
    match signal:
        case StartDue():
            assert isinstance(current, RunWaiting), "a start that is due is that of a run that waits"
            return (RunStarted(current.run, planned=current.due, started=now, payload=current.payload),)
        case RunEnd(end=end):
            assert isinstance(current, RunInFlight), "only a run in flight ends"
            ended = RunEnded(current.run, end)
            following = after_run(plan, dag.repeat_policy, state, current, end)
            if isinstance(following, EndSeries):
                return (ended, _ended(following.end))
            run, due, payload = following.run, following.due, following.payload
            if due <= now:
                return (ended, RunStarted(run, planned=due, started=now, payload=payload))
            return (ended, RunScheduled(run, due, payload))
        case _:
            assert_never(signal)


def _ended(end: TraversalEnd) -> SeriesEvent:
    match end:
        case EndedInSuccess(output=output):
            return TraversalCompleted(output)
        case EndedInFailure(error=error):
            return TraversalFailed(error)
        case EndedByTimeout(error=error):
            return TraversalTimedOut(error)
        case EndedByCancel(reason=reason):
            return TraversalCanceled(reason)
        case _:
            assert_never(end)


def _open(state: SeriesState) -> CurrentRun | None:
    """What the series waits for: the current run, unless its answer is held already."""
    return state.current if state.held is None else None


def _obligation(state: SeriesState, current: CurrentRun) -> SeriesObligation:
    match current:
        case RunInFlight(run=run, payload=payload):
            return StartRun(run, run_id(state.traversal, run), payload, state.entry, state.known)
        case RunWaiting(run=run, due=due):
            return Schedule(start_timer(state.traversal, run), due)
        case _:
            assert_never(current)


def _effects(dag: Dag, before: SeriesState, signal: SeriesSignal, after: SeriesState) -> tuple[SeriesEffect, ...]:
    """The difference of obligations, then the follow-up, then the end."""
    effects: list[SeriesEffect] = []
    waited, waits = _open(before), _open(after)
    # Only a cancel takes away what nobody has answered.
    if isinstance(signal, CancelSignal):
        match waited:
            case RunInFlight(run=run):
                effects.append(CancelRun(run, run_id(before.traversal, run)))
            case RunWaiting(run=run):
                effects.append(Unschedule(start_timer(before.traversal, run)))
            case None:
                pass
            case _:
                assert_never(waited)
    if waits is not None and waits is not waited:  # an event that starts something makes a new run of it
        effects.append(_obligation(after, waits))
    effects.extend(_terminal(dag, after))
    return tuple(effects)


def _terminal(dag: Dag, state: SeriesState) -> tuple[SeriesEffect, ...]:
    match state.status:
        case "New" | "Running" | "Paused":
            return ()
        case "Completed":
            ended: dict[str, JsonValue] = {"status": "completed", "output": state.output}
            terminal: SeriesEffect = Complete(state.output)
        case "Failed" | "TimedOut":
            assert state.error is not None, "what failed has an error"
            status = "failed" if state.status == "Failed" else "timed-out"
            ended, terminal = {"status": status, "error": state.error.to_json()}, Fail(state.error)
        case "Canceled":
            error = ErrorDetail("canceled", state.reason or "")
            ended, terminal = {"status": "canceled", "error": error.to_json()}, Cancel(state.reason)
        case _:
            assert_never(state.status)
    if dag.on_end is None or not state.has_begun:
        return (terminal,)
    return (StartFollowUp(dag.on_end, {**ended, "payload": state.payload}), terminal)
