"""What a series writes into its memory, beside what every traversal writes. Folded, they are its state."""

from datetime import datetime
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.children.ending import TraversalEnd
from waygrid_core.children.series_signals import HeldRunSignal
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.events import (
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)
from waygrid_core.traversal.signals import Known


@frozen
class SeriesBegun:
    """The series runs; its runs begin at `entry` of `dag`."""

    traversal: TraversalId
    dag: DagHash
    payload: JsonValue
    entry: int
    known: Known = Factory(dict)


@frozen
class RunStarted:
    """Run number `run` was started at `started`, given `payload`; `planned` is its place on the grid."""

    run: int
    planned: datetime
    started: datetime
    payload: JsonValue


@frozen
class RunScheduled:
    """Run number `run` starts at `due`, given `payload`."""

    run: int
    due: datetime
    payload: JsonValue


@frozen
class RunEnded:
    """Run number `run` ended."""

    run: int
    end: TraversalEnd


@frozen
class RunSignalHeld:
    """The series is paused; the signal waits for `Unpause`."""

    signal: HeldRunSignal


SeriesEvent: TypeAlias = (
    SeriesBegun
    | RunStarted
    | RunScheduled
    | RunEnded
    | RunSignalHeld
    | TraversalPaused
    | TraversalUnpaused
    | TraversalCompleted
    | TraversalFailed
    | TraversalCanceled
    | TraversalTimedOut
)
