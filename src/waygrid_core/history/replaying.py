"""A traversal gone through again, decision by decision, as it was, or as it would have been.

Nothing is done by it: the machine is pure, so what it would decide can be asked at any time.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from attrs import frozen

from waygrid_core.children.either import EitherState, fold_either, new_either
from waygrid_core.children.plan import LoopPlan, SeriesPlan
from waygrid_core.dag.dag import Dag
from waygrid_core.extension.look import NodeStatus
from waygrid_core.history.journal_file import AnyEffect, AnyEvent, RecordedDecision, RecordedTraversal
from waygrid_core.history.signals import signal_behind
from waygrid_core.model.identifiers import NodeId
from waygrid_core.outcome import Failure
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.node_status import NOT_REACHED, node_status
from waygrid_core.traversal.signals import Signal
from waygrid_core.traversal.state import TraversalState, new_traversal


@frozen
class NodeChange:
    """A node whose status a decision changed."""

    node: NodeId
    before: NodeStatus
    after: NodeStatus


@frozen(kw_only=True)
class Moment:
    """A decision with the states around it. `signal` is what it answered, as far as the journal tells."""

    number: int
    at: datetime
    signal: Signal | None
    before: EitherState
    after: EitherState
    events: tuple[AnyEvent, ...]
    effects: tuple[AnyEffect, ...]

    @property
    def changes(self) -> tuple[NodeChange, ...]:
        """The nodes that it changed, in the order in which they changed."""
        return tuple(_changes(self))


def _changes(moment: Moment) -> Iterator[NodeChange]:
    before, after = moment.before, moment.after
    if not isinstance(before, TraversalState) or not isinstance(after, TraversalState):
        return
    for node in dict.fromkeys(node for event in moment.events if (node := getattr(event, "node", None)) is not None):
        was, then = before.nodes.get(node), after.nodes.get(node)
        change = NodeChange(
            node, NOT_REACHED if was is None else node_status(was), NOT_REACHED if then is None else node_status(then)
        )
        if change.before != change.after:
            yield change


def moments(recorded: RecordedTraversal, dag: Dag | None) -> Iterator[Moment]:
    """The traversal as it was. Without its DAG, nothing is known of signals."""
    state = new_either(recorded.traversal, recorded.plan)
    for number, decision in enumerate(recorded.decisions, 1):
        after = fold_either(decision.events, state)
        yield Moment(
            number=number,
            at=decision.at,
            signal=_signal(dag, state, decision),
            before=state,
            after=after,
            events=decision.events,
            effects=decision.effects,
        )
        state = after


def _signal(dag: Dag | None, state: EitherState, decision: RecordedDecision) -> Signal | None:
    if dag is None or not isinstance(state, TraversalState):
        return None
    return signal_behind(dag, state, decision.events, decision.at)  # type: ignore[arg-type]  # a traversal has events of one


@frozen(kw_only=True)
class Supposition:
    """What would have followed. `unheard` are the signals that came in truth and would have meant nothing."""

    moments: tuple[Moment, ...]
    unheard: tuple[Signal, ...]
    state: TraversalState


class CannotSuppose(Exception):  # noqa: N818 - it says what is so
    """Why nothing can be supposed; a sentence."""


def suppose(recorded: RecordedTraversal, dag: Dag, number: int, instead: Signal | None) -> Supposition:
    """What would have followed if at decision `number` (from 1) `instead` had come; None: if nothing had.

    What came afterwards comes as it did, as far as it still means something; what would be asked for and was not is
    waited for. Raises `CannotSuppose`.
    """
    if isinstance(recorded.plan, SeriesPlan | LoopPlan):
        raise CannotSuppose("a series only starts its runs; suppose something of one of those")
    if not 1 <= number <= len(recorded.decisions):
        raise CannotSuppose(f"there is no decision {number}; it has {len(recorded.decisions)}")
    state: TraversalState = new_traversal(recorded.traversal)
    made: list[Moment] = []
    unheard: list[Signal] = []
    for at, (signal, when) in enumerate(_signals(recorded, dag), 1):
        if at == number:
            if instead is None:
                continue
            signal = instead
        elif signal is None:
            raise CannotSuppose(f"decision {at} does not tell which signal it answered")
        moment = _moment(dag, state, at, signal, when)
        if moment is None:
            unheard.append(signal)
            continue
        state = moment.after  # type: ignore[assignment]  # it is a traversal's
        if at >= number:
            made.append(moment)
    return Supposition(moments=tuple(made), unheard=tuple(unheard), state=state)


def _signals(recorded: RecordedTraversal, dag: Dag) -> Sequence[tuple[Signal | None, datetime]]:
    return [(moment.signal, moment.at) for moment in moments(recorded, dag)]


def _moment(dag: Dag, state: TraversalState, number: int, signal: Signal, at: datetime) -> Moment | None:
    """What the machine makes of a signal; None if nothing."""
    outcome = transition(dag, state, signal, at)
    if isinstance(outcome, Failure) or not outcome.unwrap().events:
        return None
    made = outcome.unwrap()
    return Moment(
        number=number,
        at=at,
        signal=signal,
        before=state,
        after=made.state,
        events=made.events,
        effects=made.effects,
    )
