"""Any machine of signals, events, effects and obligations, as one value, so that the laws can be held against it.

A traversal's machine and a series' machine have the same form. To test an extension, build a `Machine` of its
functions and give it to the laws.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from attrs import frozen

from waygrid_core.codec.wire import decode_state, encode_state
from waygrid_core.dag.dag import Dag
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.effects import (
    Cancel,
    CancelNode,
    Complete,
    DispatchNode,
    Effect,
    Fail,
    Schedule,
    StartFollowUp,
    Unschedule,
)
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.fold import evolve
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.obligations import obligations
from waygrid_core.traversal.signals import (
    NodeFailure,
    NodeSuccess,
    Resume,
    Retry,
    Signal,
    Timeout,
    TraversalTimeout,
)
from waygrid_core.traversal.state import TraversalState, new_traversal

StateT = TypeVar("StateT")
SignalT = TypeVar("SignalT")
EventT = TypeVar("EventT")
EffectT = TypeVar("EffectT")


@frozen
class Decided(Generic[StateT, EventT, EffectT]):
    """What a machine decided: the next state, what it wrote, what it asks for."""

    state: StateT
    events: tuple[EventT, ...]
    effects: tuple[EffectT, ...]


@frozen
class MachineStep(Generic[StateT, SignalT, EventT, EffectT]):
    """One signal, and what came of it; `decided` is None if it was refused, and `refusal` says why."""

    before: StateT
    signal: SignalT
    now: datetime
    decided: Decided[StateT, EventT, EffectT] | None
    refusal: object = None
    is_settling: bool = False
    """Whether it answers something outstanding, after the plot's own moves, to bring the run to its end."""

    @property
    def after(self) -> StateT:
        """The state after it."""
        return self.before if self.decided is None else self.decided.state


@frozen(kw_only=True)
class Machine(Generic[StateT, SignalT, EventT, EffectT]):
    """A machine under test.

    `answers` says whether a signal answers an obligation, `withdraws` gives the effect that takes an obligation back.
    `reload` is what a crash does to a state: written, and read again.
    """

    start: StateT
    decide: Callable[[StateT, SignalT, datetime], Outcome[Decided[StateT, EventT, EffectT], object]]
    evolve: Callable[[StateT, EventT], StateT]
    obligations: Callable[[StateT], tuple[EffectT, ...]]
    answers: Callable[[SignalT, EffectT], bool]
    withdraws: Callable[[EffectT], EffectT]
    is_terminal: Callable[[EffectT], bool]
    is_follow_up: Callable[[EffectT], bool]
    has_ended: Callable[[StateT], bool]
    is_stuck_without_obligation: Callable[[StateT], bool]
    reload: Callable[[StateT], StateT]


TraversalMachine = Machine[TraversalState, Signal, Event, Effect]


def traversal_machine(dag: Dag, traversal: TraversalId) -> TraversalMachine:
    """The machine of one traversal of `dag`."""

    def decide(
        state: TraversalState, signal: Signal, now: datetime
    ) -> Outcome[Decided[TraversalState, Event, Effect], object]:
        outcome = transition(dag, state, signal, now)
        if isinstance(outcome, Failure):
            return Failure(outcome.failure())
        decided = outcome.unwrap()
        return Success(Decided(decided.state, decided.events, decided.effects))

    return Machine(
        start=new_traversal(traversal),
        decide=decide,
        evolve=evolve,
        obligations=obligations,
        answers=_answers,
        withdraws=_withdraws,
        is_terminal=lambda effect: isinstance(effect, Complete | Fail | Cancel),
        is_follow_up=lambda effect: isinstance(effect, StartFollowUp),
        has_ended=lambda state: state.has_ended,
        is_stuck_without_obligation=lambda state: state.status == "Running",
        reload=_reload,
    )


def _reload(state: TraversalState) -> TraversalState:
    """The state as a crash leaves it: written as JSON and read again."""
    read = decode_state(encode_state(state)).unwrap()
    assert isinstance(read, TraversalState)
    return read


def _answers(signal: Signal, obligation: Effect) -> bool:
    match obligation:
        case DispatchNode(node=node, attempt=attempt):
            return isinstance(signal, NodeSuccess | NodeFailure) and signal.node == node and signal.attempt == attempt
        case Schedule(timer=timer):
            return isinstance(signal, Resume | Retry | Timeout | TraversalTimeout) and signal.timer == timer
        case _:
            return False


def _withdraws(obligation: Effect) -> Effect:
    match obligation:
        case DispatchNode(node=node, attempt=attempt):
            return CancelNode(node, attempt)
        case Schedule(timer=timer):
            return Unschedule(timer)
        case _:
            raise AssertionError(f"{obligation!r} is no obligation")
