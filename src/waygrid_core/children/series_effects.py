"""What a series asks of the world, beside what every traversal asks."""

from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.effects import Cancel, Complete, Fail, Schedule, StartFollowUp, Unschedule
from waygrid_core.traversal.signals import Known


@frozen
class StartRun:
    """Begin run number `run`, as traversal `child`, at entry point `entry`."""

    run: int
    child: TraversalId
    payload: JsonValue
    entry: int = 0
    known: Known = Factory(dict)


@frozen
class CancelRun:
    """Nobody waits for this run any more: cancel it."""

    run: int
    child: TraversalId


SeriesEffect: TypeAlias = StartRun | CancelRun | Schedule | Unschedule | Complete | Fail | Cancel | StartFollowUp
SeriesObligation: TypeAlias = StartRun | Schedule
