"""What a series remembers. Immutable; only `series_fold` makes the next one."""

from datetime import datetime
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.children.series_signals import HeldRunSignal
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import Known
from waygrid_core.traversal.state import NO_DAG, TERMINAL, TraversalStatus


@frozen
class RunInFlight:
    """Run number `run` is on its way: planned for `planned`, really started at `started`, given `payload`."""

    run: int
    planned: datetime
    started: datetime
    payload: JsonValue


@frozen
class RunWaiting:
    """Run number `run` starts at `due`, and will be given `payload`."""

    run: int
    due: datetime
    payload: JsonValue


CurrentRun: TypeAlias = RunInFlight | RunWaiting


@frozen
class SeriesState:
    """One series, or one loop.

    `runs` counts those that were started. `current` is the run that it waits for, in flight or still to start; None
    before its begin and after its end. `held` is what came during a pause: it answers `current`, and so there is at
    most one. `payload` is the series' own; of a loop, what its first round is given. `version` counts the events that
    made it.
    """

    traversal: TraversalId
    status: TraversalStatus = "New"
    version: int = 0
    dag: DagHash = NO_DAG
    payload: JsonValue = None
    entry: int = 0
    known: Known = Factory(dict)
    runs: int = 0
    current: CurrentRun | None = None
    held: HeldRunSignal | None = None
    output: JsonValue = None
    error: ErrorDetail | None = None
    reason: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether a `Begin` was ever accepted."""
        return self.dag != NO_DAG

    @property
    def has_ended(self) -> bool:
        """Whether its status is terminal."""
        return self.status in TERMINAL


def new_series(traversal: TraversalId) -> SeriesState:
    """A series of which nothing has been heard."""
    return SeriesState(traversal)
