"""One transition: a signal in; state, events and effects out.

    legality > handler > events > fold > consequences > events, settled > guards

Pure: the same (dag, state, signal, now) gives the same result, and none raises. Source: semantics, section 3.
"""

from datetime import datetime
from typing import assert_never

from attrs import frozen

from waygrid_core.dag.dag import Dag
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.consequences.guarding import watch
from waygrid_core.traversal.consequences.settle import settle
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.effects import Effect
from waygrid_core.traversal.events import Event, TraversalUnpaused
from waygrid_core.traversal.handlers.answers import node_failure, node_start, node_success
from waygrid_core.traversal.handlers.begin import begin
from waygrid_core.traversal.handlers.holding import hold
from waygrid_core.traversal.handlers.steering import cancel, cancel_branches, pause
from waygrid_core.traversal.handlers.telling import told
from waygrid_core.traversal.handlers.timers import resume, retry, timeout, traversal_timeout
from waygrid_core.traversal.legality import REACTIONS
from waygrid_core.traversal.rejections import TraversalError, TraversalMismatch
from waygrid_core.traversal.signals import (
    Begin,
    Cancel,
    CancelBranches,
    HeldSignal,
    NodeFailure,
    NodeStart,
    NodeSuccess,
    Pause,
    Resume,
    Retry,
    Signal,
    Timeout,
    Told,
    TraversalTimeout,
    Unpause,
)
from waygrid_core.traversal.state import TraversalState


@frozen
class Transition:
    """What one signal did. Without events the state is the one before, and there are no effects."""

    state: TraversalState
    events: tuple[Event, ...] = ()
    effects: tuple[Effect, ...] = ()


def transition(dag: Dag, state: TraversalState, signal: Signal, now: datetime) -> Outcome[Transition, TraversalError]:
    """What `signal` does to the traversal of `state`, which runs `dag`, at the instant `now` (with an offset).

    A duplicate, a stale attempt or timer, and whatever comes after the end gives a transition without events.
    """
    if signal.traversal != state.traversal:
        return Failure(TraversalMismatch(state.traversal, signal.traversal))
    reaction = REACTIONS[state.status][type(signal)]
    if reaction == "ignore":
        return Success(Transition(state))
    decision = Decision(dag, state, now)
    if reaction == "hold":
        refusal = hold(decision, signal)  # type: ignore[arg-type]  # the table holds only signals that can be held
    elif isinstance(signal, Unpause):
        refusal = None
        _unpause(decision)
    else:
        refusal = _handle(decision, signal)
        settle(decision)
    if refusal is not None:
        return Failure(refusal)
    if not decision.events:
        return Success(Transition(state))
    if dag.guards and not decision.draft.has_ended:
        watch(decision)
    return Success(Transition(decision.draft.freeze(), tuple(decision.events), decision.ledger.effects()))


def _handle(decision: Decision, signal: HeldSignal | Begin | NodeStart | Cancel | Pause) -> TraversalError | None:
    match signal:
        case NodeSuccess():
            return node_success(decision, signal)
        case NodeFailure():
            return node_failure(decision, signal)
        case NodeStart():
            return node_start(decision, signal)
        case Begin():
            return begin(decision, signal)
        case Resume():
            return resume(decision, signal)
        case Retry():
            return retry(decision, signal)
        case Timeout():
            return timeout(decision, signal)
        case TraversalTimeout():
            return traversal_timeout(decision, signal)
        case CancelBranches():
            return cancel_branches(decision, signal)
        case Cancel():
            return cancel(decision, signal)
        case Pause():
            return pause(decision, signal)
        case Told():
            return told(decision, signal)
        case _:
            assert_never(signal)


def _unpause(decision: Decision) -> None:
    """Handle what was held, in order of arrival, with the instant of the unpause."""
    held = decision.draft.held
    decision.record(TraversalUnpaused())
    for signal in held:
        if decision.draft.has_ended:
            return
        _handle(decision, signal)  # one that an earlier one made stale is refused, or does nothing
        settle(decision)
