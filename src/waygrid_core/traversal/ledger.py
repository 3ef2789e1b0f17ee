"""The effects of one transition, kept as changes to obligations.

What was started and withdrawn within the transition leaves no effect; what had been answered before it (a held signal)
needs no canceling. So effects are the difference of obligations before and after: law 6 holds by construction.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal, TypeAlias

from waygrid_core.model.identifiers import NodeId, TimerId
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.traversal.effects import (
    CancelNode,
    DispatchNode,
    Effect,
    Schedule,
    StartFollowUp,
    TerminalEffect,
    Unschedule,
)
from waygrid_core.traversal.timers import dispatch_key

TimerOwner: TypeAlias = Literal["traversal", "join", "node"]
_RANK: Final[dict[TimerOwner, int]] = {"traversal": 0, "join": 1, "node": 2}


def _by_owner(scheduled: tuple[TimerOwner, Schedule]) -> int:
    """The order in which timers of one transition are set; within an owner, the order of opening."""
    return _RANK[scheduled[0]]


class Ledger:
    """Collects what a transition starts and withdraws; `effects` gives the net of it, in the order of section 6."""

    __slots__ = ("_answered", "_canceled", "_dispatched", "_follow_up", "_scheduled", "_terminal", "_unscheduled")

    def __init__(self, answered: PersistentMap[str, bool]) -> None:
        self._answered = answered
        self._dispatched: dict[tuple[NodeId, int], DispatchNode] = {}
        self._scheduled: dict[TimerId, tuple[TimerOwner, Schedule]] = {}
        self._canceled: list[CancelNode] = []
        self._unscheduled: list[Unschedule] = []
        self._follow_up: StartFollowUp | None = None
        self._terminal: TerminalEffect | None = None

    def dispatch(self, effect: DispatchNode) -> None:
        """Start an attempt."""
        self._dispatched[effect.node, effect.attempt] = effect

    def schedule(self, owner: TimerOwner, timer: TimerId, at: datetime) -> None:
        """Set a timer."""
        self._scheduled[timer] = (owner, Schedule(timer, at))

    def withdraw_attempt(self, node: NodeId, attempt: int) -> None:
        """Nobody waits for the attempt any more."""
        was_owed_before = self._dispatched.pop((node, attempt), None) is None
        if was_owed_before and dispatch_key(node, attempt) not in self._answered:
            self._canceled.append(CancelNode(node, attempt))

    def withdraw_timer(self, timer: TimerId) -> None:
        """Nobody waits for the timer any more."""
        if self._scheduled.pop(timer, None) is None and timer not in self._answered:
            self._unscheduled.append(Unschedule(timer))

    def end(self, terminal: TerminalEffect, follow_up: StartFollowUp | None) -> None:
        """The traversal has ended. Called at most once."""
        assert self._terminal is None, "a traversal ends once"
        self._terminal = terminal
        self._follow_up = follow_up

    def effects(self) -> tuple[Effect, ...]:
        """Cancels, dispatches, timers (traversal, joins, nodes; each in order of setting), follow-up, terminal."""
        effects: list[Effect] = [*self._canceled, *self._unscheduled, *self._dispatched.values()]
        if self._scheduled:
            scheduled: Collection[tuple[TimerOwner, Schedule]] = self._scheduled.values()
            if len(scheduled) > 1:
                scheduled = sorted(scheduled, key=_by_owner)
            for _, schedule in scheduled:  # a comprehension would cost more than the one timer of most steps
                effects.append(schedule)
        if self._follow_up is not None:
            effects.append(self._follow_up)
        if self._terminal is not None:
            effects.append(self._terminal)
        return tuple(effects)
