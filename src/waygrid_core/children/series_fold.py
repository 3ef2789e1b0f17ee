"""How events become the state of a series. Nothing else writes one."""

from collections.abc import Iterable
from typing import assert_never

from attrs import evolve

from waygrid_core.children.series_events import (
    RunEnded,
    RunScheduled,
    RunSignalHeld,
    RunStarted,
    SeriesBegun,
    SeriesEvent,
)
from waygrid_core.children.series_state import RunInFlight, RunWaiting, SeriesState
from waygrid_core.traversal.events import (
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)


def fold_series(events: Iterable[SeriesEvent], state: SeriesState) -> SeriesState:
    """The state after `events`, in order."""
    for event in events:
        state = evolve_series(state, event)
    return state


def evolve_series(state: SeriesState, event: SeriesEvent) -> SeriesState:
    """The state after one event."""
    version = state.version + 1
    match event:
        case SeriesBegun(dag=dag, payload=payload, entry=entry, known=known):
            return evolve(state, version=version, status="Running", dag=dag, payload=payload, entry=entry, known=known)
        case RunStarted(run=run, planned=planned, started=started, payload=payload):
            return evolve(state, version=version, runs=run, current=RunInFlight(run, planned, started, payload))
        case RunScheduled(run=run, due=due, payload=payload):
            return evolve(state, version=version, current=RunWaiting(run, due, payload))
        case RunEnded():
            return evolve(state, version=version, current=None)
        case RunSignalHeld(signal=signal):
            return evolve(state, version=version, held=signal)
        case TraversalPaused():
            return evolve(state, version=version, status="Paused")
        case TraversalUnpaused():
            return evolve(state, version=version, status="Running", held=None)
        case TraversalCompleted(output=output):
            return evolve(state, version=version, status="Completed", current=None, held=None, output=output)
        case TraversalFailed(error=error):
            return evolve(state, version=version, status="Failed", current=None, held=None, error=error)
        case TraversalTimedOut(error=error):
            return evolve(state, version=version, status="TimedOut", current=None, held=None, error=error)
        case TraversalCanceled(reason=reason):
            return evolve(state, version=version, status="Canceled", current=None, held=None, reason=reason)
        case _:
            assert_never(event)
