"""The traversal ends, in one of four ways: its timer goes, its follow-up starts, and its end is told."""

from typing import Final

from waygrid_core.model.identifiers import ROOT_SCOPE
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.consequences.canceling import cancel_scope
from waygrid_core.traversal.decision import Decision
from waygrid_core.traversal.effects import Cancel, Complete, Fail, StartFollowUp, TerminalEffect
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import (
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalTimedOut,
)
from waygrid_core.traversal.state import NO_DAG
from waygrid_core.traversal.timers import traversal_timer

_OUT_OF_TIME: Final = ErrorDetail("timeout", "the traversal did not end within its timeout")


def complete(decision: Decision, output: JsonValue) -> None:
    """The root scope ended in success."""
    _withdraw_timer(decision)
    decision.record(TraversalCompleted(output))
    _tell(decision, Complete(output), {"status": "completed", "output": output})


def fail(decision: Decision, error: ErrorDetail) -> None:
    """The root scope ended in failure."""
    _withdraw_timer(decision)
    decision.record(TraversalFailed(error))
    _tell(decision, Fail(error), {"status": "failed", "error": error.to_json()})


def stop(decision: Decision, error: ErrorDetail) -> None:
    """A guard says that it must not go on: everything that runs is canceled."""
    cancel_scope(decision, ROOT_SCOPE)
    fail(decision, error)


def time_out(decision: Decision) -> None:
    """The traversal's own timer fired: everything that runs is canceled."""
    cancel_scope(decision, ROOT_SCOPE)
    decision.record(TraversalTimedOut(_OUT_OF_TIME))
    _tell(decision, Fail(_OUT_OF_TIME), {"status": "timed-out", "error": _OUT_OF_TIME.to_json()})


def cancel(decision: Decision, reason: str | None) -> None:
    """Canceled from outside: everything that runs is canceled. One that never began has no follow-up."""
    has_begun = decision.draft.dag != NO_DAG
    cancel_scope(decision, ROOT_SCOPE)
    _withdraw_timer(decision)
    decision.record(TraversalCanceled(reason))
    if has_begun:
        error = ErrorDetail("canceled", reason or "")
        _tell(decision, Cancel(reason), {"status": "canceled", "error": error.to_json()})
    else:
        decision.ledger.end(Cancel(reason), None)


def _withdraw_timer(decision: Decision) -> None:
    if decision.draft.due is not None:
        decision.ledger.withdraw_timer(traversal_timer(decision.draft.traversal))


def _tell(decision: Decision, terminal: TerminalEffect, ended: dict[str, JsonValue]) -> None:
    on_end = decision.dag.on_end
    follow_up = None if on_end is None else StartFollowUp(on_end, {**ended, "payload": decision.draft.payload})
    decision.ledger.end(terminal, follow_up)
