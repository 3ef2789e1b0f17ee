"""What the world says to a series. `Begin`, `Cancel`, `Pause` and `Unpause` are those of every traversal."""

from typing import Final, TypeAlias

from attrs import frozen

from waygrid_core.children.ending import TraversalEnd
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.traversal.signals import Begin, Cancel, Pause, Unpause


@frozen
class RunEnd:
    """Run number `run` has ended."""

    traversal: TraversalId
    run: int
    end: TraversalEnd


@frozen
class StartDue:
    """The timer of the start of run number `run` fired."""

    traversal: TraversalId
    run: int
    timer: TimerId


SeriesSignal: TypeAlias = Begin | RunEnd | StartDue | Cancel | Pause | Unpause
HeldRunSignal: TypeAlias = RunEnd | StartDue
"""What a paused series records."""

START: Final = "start"
"""The kind of the one timer that a series sets."""


def start_timer(series: TraversalId, run: int) -> TimerId:
    """The id of the timer that starts run number `run`. Shaped as those of `waygrid_core.traversal.timers`."""
    return TimerId(f"{series}/-/{run}/{START}")


def is_start_timer(timer: TimerId) -> bool:
    """Whether a timer is a series'; others are of `waygrid_core.traversal.timers`."""
    return timer.endswith(f"/{START}")


def start_signal(timer: TimerId) -> StartDue:
    """The signal that the timer of a series brings. Raises `ValueError` for a text that is no id of such a timer."""
    series, _, run, kind = timer.split("/")
    if kind != START:
        raise ValueError(f"{timer!r} is no timer of a series")
    return StartDue(TraversalId(series), int(run), timer)
