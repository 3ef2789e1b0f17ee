"""Statuses as people read them: the words of scenario files, of the HTTP API, of the command line."""

from typing import Literal, TypeAlias, assert_never

from waygrid_core.children.series_events import SeriesBegun, SeriesEvent
from waygrid_core.traversal.events import (
    Event,
    TraversalBegun,
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)
from waygrid_core.traversal.state import TraversalStatus

ShownStatus: TypeAlias = Literal["accepted", "running", "paused", "completed", "failed", "canceled", "timed-out"]
"""`accepted`: nothing has been decided about it yet."""


def shown_status(status: TraversalStatus) -> ShownStatus:
    """A traversal's status as people who look at it read it."""
    match status:
        case "New":
            return "accepted"
        case "Running":
            return "running"
        case "Paused":
            return "paused"
        case "Completed":
            return "completed"
        case "Failed":
            return "failed"
        case "Canceled":
            return "canceled"
        case "TimedOut":
            return "timed-out"
        case _:
            assert_never(status)


def scenario_status(status: TraversalStatus) -> ShownStatus:
    """A traversal's status as scenarios call it; one that has not ended is running."""
    shown = shown_status(status)
    return "running" if shown in ("accepted", "paused") else shown


def status_after(status: TraversalStatus, event: Event | SeriesEvent) -> TraversalStatus:
    """The status that an event leaves a traversal or a series in: `fold` for who wants no more than that."""
    match event:
        case TraversalBegun() | SeriesBegun() | TraversalUnpaused():
            return "Running"
        case TraversalPaused():
            return "Paused"
        case TraversalCompleted():
            return "Completed"
        case TraversalFailed():
            return "Failed"
        case TraversalCanceled():
            return "Canceled"
        case TraversalTimedOut():
            return "TimedOut"
        case _:
            return status
