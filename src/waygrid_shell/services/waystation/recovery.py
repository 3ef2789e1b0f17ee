"""What a crash left behind: decisions that were written and perhaps not sent."""

from collections.abc import Sequence, Set

from waygrid_core.children.either import before_all, fold_either
from waygrid_core.children.series import series_obligations
from waygrid_core.children.series_effects import StartRun
from waygrid_core.children.series_state import SeriesState
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.traversal.effects import DispatchNode, Schedule
from waygrid_core.traversal.obligations import obligation_key, obligations
from waygrid_shell.ports.journal import AnyEffect, AnyState, Decision
from waygrid_shell.services.waystation.outbox import outgoing
from waygrid_shell.services.waystation.roster import Present


def sent_again(present: Present, decisions: Sequence[Decision], causes: Set[str]) -> list[TransportEnvelope]:
    """The records of the decisions that `causes` made, of all `decisions` of the traversal, oldest first.

    Without what has been answered or withdrawn since: nobody waits for that any more. For all causes together, since
    each decision is to be seen in its state: one by one, many messages of a long traversal would take for ever.
    """
    state = before_all(present.state)
    open_keys = {_key(obligation) for obligation in waited_for(present.state)}
    records: list[TransportEnvelope] = []
    found = set()
    for decision in decisions:
        before, state = state, fold_either(decision.events, state)
        if decision.cause in causes:
            found.add(decision.cause)
            records += outgoing(
                present.reached(state),
                before,
                decision.effects,
                at=decision.at,
                cause=decision.cause,
                delivery=2,
                without=lambda effect: _is_start(effect) and _key(effect) not in open_keys,
            )
    assert found == causes, f"the journal said of {present.state.traversal} that all causes are in it"
    return records


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
