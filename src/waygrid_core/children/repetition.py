"""What follows when a run has ended: another run, and when; or the end of the series, and how.

A series keeps to a grid: planned starts lie `every` apart, whenever runs really start. A loop has no grid: its next
round is `every` after the last one really started.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from waygrid_core.children.ending import (
    EndedByCancel,
    EndedByTimeout,
    EndedInFailure,
    EndedInSuccess,
    TraversalEnd,
)
from waygrid_core.children.plan import LoopPlan, SeriesPlan, Unread
from waygrid_core.children.series_state import RunInFlight, RunWaiting, SeriesState
from waygrid_core.condition.evaluate import holds
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.repeat import Indefinitely, NoRepeat, RepeatPolicy, Times, Until
from waygrid_core.template.evaluate import Sight, see_nothing
from waygrid_core.traversal.error import ErrorDetail

EXHAUSTED: Final = "exhausted"
"""The code of a loop whose condition held after none of its rounds."""


@frozen
class EndSeries:
    """The series ends so."""

    end: TraversalEnd


WhatFollows: TypeAlias = RunWaiting | EndSeries


def after_run(
    plan: SeriesPlan | LoopPlan, policy: RepeatPolicy, state: SeriesState, run: RunInFlight, end: TraversalEnd
) -> WhatFollows:
    """What follows the `end` of `run`. The due time of what waits may have passed: then it starts at once."""
    if isinstance(end, EndedByCancel):
        return EndSeries(end)  # a failed run does not stop a series; a cancel does
    match plan:
        case SeriesPlan():
            due = _next_planned(policy, run)
            return EndSeries(end) if due is None else RunWaiting(run.run + 1, due, state.payload)
        case LoopPlan():
            return _after_round(plan, state, run, end)
        case _:
            assert_never(plan)


def _next_planned(policy: RepeatPolicy, run: RunInFlight) -> datetime | None:
    match policy:
        case NoRepeat():
            return None
        case Indefinitely(every=every):
            return _later(run.planned, every)
        case Times(every=every, times=times):
            return _later(run.planned, every) if run.run < times else None
        case Until(every=every, until=until):
            due = _later(run.planned, every)
            return due if due <= until else None
        case _:
            assert_never(policy)


def _after_round(plan: LoopPlan, state: SeriesState, run: RunInFlight, end: TraversalEnd) -> WhatFollows:
    match end:
        case EndedInSuccess(output=output):
            assert not isinstance(plan.until, Unread), "a plan is read before it runs"
            if holds(plan.until, output, _sight(state, run, output)):
                return EndSeries(end)
            if run.run >= plan.at_most:
                return EndSeries(EndedInFailure(ErrorDetail(EXHAUSTED, f"`until` held after none of {run.run} rounds")))
            due = run.started if plan.every is None else _later(run.started, plan.every)
            return RunWaiting(run.run + 1, due, output)
        case EndedInFailure() | EndedByTimeout() | EndedByCancel():
            return EndSeries(end)
        case _:
            assert_never(end)


def _sight(state: SeriesState, run: RunInFlight, output: JsonValue) -> Sight:
    """What `until` sees beside the output: its leaves were read in the parent, so nothing is looked up here."""
    return Sight(state.payload, output, state.traversal, run.run, see_nothing)


def _later(instant: datetime, by: timedelta) -> datetime:
    try:
        return instant + by
    except OverflowError:
        return datetime.max.replace(tzinfo=instant.tzinfo or UTC)
