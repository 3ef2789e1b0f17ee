"""A traversal or a series, whichever it is: how it begins, and what events make of it."""

from collections.abc import Iterable
from typing import TypeAlias

from waygrid_core.children.plan import LoopPlan, SeriesPlan, TraversalPlan
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.children.series_fold import fold_series
from waygrid_core.children.series_state import SeriesState, new_series
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.fold import fold
from waygrid_core.traversal.state import TraversalState, new_traversal

EitherState: TypeAlias = TraversalState | SeriesState


def new_either(traversal: TraversalId, plan: TraversalPlan | None) -> EitherState:
    """The state before anything was decided; without a plan it is a traversal's."""
    return new_series(traversal) if isinstance(plan, SeriesPlan | LoopPlan) else new_traversal(traversal)


def before_all(state: EitherState) -> EitherState:
    """The state that this one began as."""
    return new_series(state.traversal) if isinstance(state, SeriesState) else new_traversal(state.traversal)


def fold_either(events: Iterable[Event | SeriesEvent], state: EitherState) -> EitherState:
    """The state after `events`, in order: those of a traversal are a traversal's, those of a series a series'."""
    if isinstance(state, SeriesState):
        return fold_series(events, state)  # type: ignore[arg-type]
    return fold(events, state)  # type: ignore[arg-type]
