"""The effects of one transition, kept as changes to obligations.

What was started and withdrawn within the transition leaves no effect; what had been answered before it (a held signal)
needs no canceling. So effects are the difference of obligations before and after: law 6 holds by construction.
"""

from datetime import datetime
from typing import Literal, TypeAlias

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
_OWNERS: tuple[TimerOwner, ...] = ("traversal", "join", "node")


class Ledger:
    """Collects what a transition starts and withdraws; `effects` gives the net of it, in the order of section 6."""

    __slots__ = ("_answered", "_canceled", "_dispatched", "_follow_up", "_scheduled", "_terminal", "_unscheduled")

    def __init__(self, answered: PersistentMap[str, bool]) -> None:
        self._answered = answered
        self._dispatched: dict[str, DispatchNode] = {}
        self._scheduled: dict[TimerId, tuple[TimerOwner, Schedule]] = {}
        self._canceled: list[CancelNode] = []
        self._unscheduled: list[Unschedule] = []
        self._follow_up: StartFollowUp | None = None
        self._terminal: TerminalEffect | None = None

    def dispatch(self, effect: DispatchNode) -> None:
        """Start an attempt."""
        self._dispatched[dispatch_key(effect.node, effect.attempt)] = effect

    def schedule(self, owner: TimerOwner, timer: TimerId, at: datetime) -> None:
        """Set a timer."""
        self._scheduled[timer] = (owner, Schedule(timer, at))

    def withdraw_attempt(self, node: NodeId, attempt: int) -> None:
        """Nobody waits for the attempt any more."""
        key = dispatch_key(node, attempt)
        if self._dispatched.pop(key, None) is None and key not in self._answered:
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
        if len(self._scheduled) == 1:
            effects.extend(schedule for _, schedule in self._scheduled.values())
        elif self._scheduled:
            for owner in _OWNERS:
                effects.extend(schedule for owned_by, schedule in self._scheduled.values() if owned_by == owner)
        if self._follow_up is not None:
            effects.append(self._follow_up)
        if self._terminal is not None:
            effects.append(self._terminal)
        return tuple(effects)
