"""What one message makes of one traversal: the call of the machine, whichever it is."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from attrs import evolve, frozen

from waygrid_core.children.either import new_either
from waygrid_core.children.plan import LoopPlan, SeriesPlan, TraversalPlan
from waygrid_core.children.series import SeriesTransition, series_transition
from waygrid_core.children.series_signals import RunEnd, StartDue
from waygrid_core.children.series_state import SeriesState
from waygrid_core.dag.dag import Dag
from waygrid_core.envelope.stamps import Trace
from waygrid_core.message.messages import Message, TraversalCancelRequested, TraversalRequested
from waygrid_core.message.to_signal import AnySignal, to_signal
from waygrid_core.model.identifiers import DagHash
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.machine import Transition, transition
from waygrid_core.traversal.rejections import TraversalError
from waygrid_core.traversal.signals import Begin, Cancel, Pause, Unpause
from waygrid_core.traversal.state import TraversalState, new_traversal
from waygrid_core.traversal.unheard import with_unheard_answers
from waygrid_shell.ports.journal import AnyEffect, AnyEvent, AnyState, Origin
from waygrid_shell.services.waystation.roster import Present, Readied, presented

_NO_DAG = Dag(hash=DagHash(""), nodes={}, entry_points=())
"""Stands for the DAG of a traversal of which nothing but a cancel has been heard."""


@frozen
class Decided:
    """The message was heard; without events it changed nothing."""

    present: Present
    before: AnyState
    events: tuple[AnyEvent, ...]
    effects: tuple[AnyEffect, ...]


@frozen
class AskedAgain:
    """Somebody wants a traversal that has ended: its end is to be told again."""

    present: Present


@frozen
class Refused:
    """The message means nothing here; `reason` is for people. `is_dead`: it should not have come at all."""

    reason: str
    is_dead: bool


Verdict: TypeAlias = Decided | AskedAgain | Refused


def newcomer(
    message: Message, ready: Callable[[TraversalPlan], Readied], trace: Trace | None, now: datetime
) -> Present | None:
    """The traversal that the first message about it makes; None if that is neither a request nor a cancel.

    `trace` is the context that the message came with.
    """
    match message:
        case TraversalRequested(traversal=traversal, plan=plan):
            readied = ready(plan)
            origin = evolve(_origin(message, trace), plan=readied.plan)
            return presented(origin, new_either(traversal, plan), readied.dag, now, readied.trouble)
        case TraversalCancelRequested(traversal=traversal, root=root):
            origin = Origin(plan=None, parent=None, root=root or traversal, trace=trace)
            return presented(origin, new_traversal(traversal), None, now)
        case _:
            return None


def decide(present: Present, message: Message, trace: Trace | None, now: datetime) -> Verdict:
    """What `message` makes of the traversal. Pure."""
    if present.trouble and not present.state.has_ended:
        return Refused(present.trouble, is_dead=True)
    is_first_request = False
    if isinstance(message, TraversalRequested):
        if present.origin.plan is None:  # it was canceled first; now it is known whom to tell
            return AskedAgain(presented(_origin(message, trace), present.state, None, present.begun_at))
        if present.state.has_ended:
            return AskedAgain(present)
        if present.dag is None:
            return Refused(f"nobody has stored its DAG ({message.plan})", is_dead=True)
        is_first_request = present.state.version == 0
    signal = to_signal(message)
    if isinstance(signal, Failure):
        return Refused(signal.failure().reason, is_dead=True)
    before = present.state
    outcome = _transition(present, signal.unwrap(), now)
    if outcome is None:
        return Refused(f"{type(message).__name__} is not for such a traversal", is_dead=True)
    if isinstance(outcome, Failure):  # a request for what runs already is no fault of anybody: it may be sent again
        return Refused(repr(outcome.failure()), is_dead=is_first_request)
    made = outcome.unwrap()
    return Decided(present.reached(made.state), before, made.events, made.effects)


def _origin(request: TraversalRequested, trace: Trace | None) -> Origin:
    return Origin(
        plan=request.plan,
        parent=request.parent,
        root=request.root,
        name=request.name,
        labels=request.labels,
        trace=trace,
    )


def _transition(
    present: Present, signal: AnySignal, now: datetime
) -> Outcome[Transition, TraversalError] | Outcome[SeriesTransition, TraversalError] | None:
    """The machine's answer; None for a signal that only the other machine hears."""
    dag, plan = present.dag or _NO_DAG, present.origin.plan
    match present.state:
        case SeriesState() as state:
            if not isinstance(signal, Begin | RunEnd | StartDue | Cancel | Pause | Unpause):
                return None
            assert isinstance(plan, SeriesPlan | LoopPlan), "a series has the plan of one"
            return series_transition(dag, plan, state, signal, now)
        case TraversalState() as state:
            if isinstance(signal, RunEnd | StartDue):
                return None
            outcome = transition(dag, state, signal, now)
            if isinstance(outcome, Failure) or not state.held:
                return outcome
            return Success(with_unheard_answers(dag, state, outcome.unwrap(), now))
