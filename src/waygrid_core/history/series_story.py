"""The sentences of a series and of a loop, whose runs are called rounds."""

from typing import TypeAlias, assert_never

from waygrid_core.children.ending import (
    EndedByCancel,
    EndedByTimeout,
    EndedInFailure,
    EndedInSuccess,
    TraversalEnd,
)
from waygrid_core.children.series_events import RunEnded, RunScheduled, RunSignalHeld, RunStarted, SeriesBegun
from waygrid_core.children.series_signals import HeldRunSignal, RunEnd, StartDue
from waygrid_core.history.saying import and_message, said, say_known
from waygrid_core.history.standing import Standing
from waygrid_core.model.instant import write_instant

OfSeries: TypeAlias = SeriesBegun | RunStarted | RunScheduled | RunEnded | RunSignalHeld


def series_sentence(standing: Standing, event: OfSeries) -> str:
    """What happened, in one plain sentence without a full stop."""
    subject = standing.subject
    match event:
        case SeriesBegun(known=known):
            taken = say_known(known)
            return f"{subject} began{taken}"
        case RunStarted(run=run):
            return f"{standing.run(run)} was started"
        case RunScheduled(run=run, due=due):
            return f"{standing.run(run)} is to be started at {write_instant(due)}"
        case RunEnded(run=run, end=end):
            return f"{standing.run(run)} {_ended(end)}"
        case RunSignalHeld(signal=signal):
            return f"{_held(standing, signal)}, which is held while {subject} is paused"
        case _:
            assert_never(event)


def _ended(end: TraversalEnd) -> str:
    match end:
        case EndedInSuccess():
            return "completed"
        case EndedInFailure(error=error):
            return f"failed: {said(error)}"
        case EndedByTimeout(error=error):
            return f"timed out{and_message(error.message)}"
        case EndedByCancel(reason=reason):
            return f"was canceled{and_message(reason)}"
        case _:
            assert_never(end)


def _held(standing: Standing, signal: HeldRunSignal) -> str:
    match signal:
        case RunEnd(run=run, end=end):
            return f"{standing.run(run)} {_ended(end)}"
        case StartDue(run=run):
            return f"{standing.run(run)} is due"
        case _:
            assert_never(signal)
