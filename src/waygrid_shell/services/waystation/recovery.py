"""What a crash left behind: decisions that were written and perhaps not sent."""

from collections.abc import Mapping, Sequence

from waygrid_core.children.either import before_all, fold_either
from waygrid_core.children.series import series_obligations
from waygrid_core.children.series_effects import StartRun
from waygrid_core.children.series_state import SeriesState
from waygrid_core.dag.node import DagNode, TaskNode
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.address import INBOX
from waygrid_core.traversal.effects import CancelNode, DispatchNode, Schedule
from waygrid_core.traversal.obligations import obligation_key, obligations
from waygrid_shell.ports.journal import AnyEffect, AnyState, Decision
from waygrid_shell.services.waystation.outbox import outgoing
from waygrid_shell.services.waystation.roster import Present


def sent_again(present: Present, made: Sequence[Decision], history: Sequence[Decision]) -> list[TransportEnvelope]:
    """The records of the decisions `made` of the traversal, oldest first.

    Without what has been answered or withdrawn since: nobody waits for that any more. `history`, all its decisions, is
    looked at only if `needs_history` says so: of a long traversal it is much to read.
    """
    open_keys = {_key(obligation) for obligation in waited_for(present.state)}
    states = _before(present, history) if history else {}
    records: list[TransportEnvelope] = []
    for decision in made:
        records += outgoing(
            present,
            states.get(decision.version),
            decision.effects,
            at=decision.at,
            cause=decision.cause,
            version=decision.version,
            delivery=2,
            without=lambda effect: _is_start(effect) and _key(effect) not in open_keys,
        )
    return records


def needs_history(present: Present, made: Sequence[Decision]) -> bool:
    """Whether some effect is sent with what the state before it knew: the inbox is told what a canceled await awaits.

    All else follows from the effect and from what of a traversal never changes, or not after its end.
    """
    return any(
        isinstance(effect, CancelNode) and present.dag is not None and _is_await(present.dag.nodes[effect.node])
        for decision in made
        for effect in decision.effects
    )


def _is_await(node: DagNode) -> bool:
    return isinstance(node, TaskNode) and node.address == INBOX


def _before(present: Present, history: Sequence[Decision]) -> Mapping[int, AnyState]:
    """By the version that a decision made, the state before it."""
    state = before_all(present.state)
    states = {}
    for decision in history:
        states[decision.version] = state
        state = fold_either(decision.events, state)
    return states


def waited_for(state: AnyState) -> Sequence[AnyEffect]:
    """What was started and has not come to an end, as the effects that start it."""
    return series_obligations(state) if isinstance(state, SeriesState) else obligations(state)


def _is_start(effect: AnyEffect) -> bool:
    return isinstance(effect, DispatchNode | Schedule | StartRun)


def _key(effect: AnyEffect) -> str:
    """What tells what was started from whatever else the traversal starts."""
    match effect:
        case DispatchNode() | Schedule():
            return obligation_key(effect)
        case StartRun(child=child):
            return child
        case _:
            return ""
