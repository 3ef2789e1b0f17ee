"""Real changes for a journal: what the machine decided about a small DAG."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from waygrid_core.children.ending import EndedInSuccess
from waygrid_core.children.plan import LoopPlan, SinglePlan
from waygrid_core.children.series import series_transition
from waygrid_core.children.series_signals import RunEnd
from waygrid_core.children.series_state import SeriesState, new_series
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.condition.expression import JsonExists
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.message.parent import NodeParent
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, NodeFailure, NodeSuccess, Signal
from waygrid_core.traversal.state import TraversalState, new_traversal
from waygrid_shell.ports.journal import Change, Decision, Origin

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def chain(length: int = 3) -> CompiledDag:
    """A chain of standard nodes, each with a retry."""
    node: dict[str, Any] | None = None
    for number in reversed(range(length)):
        node = {
            "type": "standard",
            "id": f"n{number}",
            "address": "waygrid://processor/work",
            "parameters": {"key": {"$secret": {"path": "a/b"}}, "n": number},
            "timeout": "10s",
            "retryPolicy": {"type": "Linear", "base": "1s", "maxRetries": 1},
            **({} if node is None else {"onSuccess": node}),
        }
    return compile_document({"entryPoints": [node], "onEnd": {"type": "pass"}}).unwrap()


class Story:
    """One traversal, driven signal by signal; `change` takes what has not been taken yet."""

    def __init__(self, compiled: CompiledDag, traversal: str) -> None:
        self.compiled = compiled
        self.state: TraversalState = new_traversal(TraversalId(traversal))
        self.origin = Origin(
            plan=SinglePlan(compiled.dag.hash),
            parent=NodeParent(TraversalId("P"), NodeId("0" * 16), 2),
            root=TraversalId("R"),
        )
        self.dispatched: list[DispatchNode] = []
        self._base = 0
        self._decisions: list[Decision] = []
        self._steps = 0

    def hear(self, signal: Signal) -> None:
        """One signal of the machine."""
        self._steps += 1
        made = transition(self.compiled.dag, self.state, signal, NOON + timedelta(seconds=self._steps)).unwrap()
        self.state = made.state
        self.dispatched += [effect for effect in made.effects if isinstance(effect, DispatchNode)]
        self._decisions.append(
            Decision(
                version=made.state.version,
                cause=f"cause-{self._steps}",
                at=NOON + timedelta(seconds=self._steps),
                events=made.events,
                effects=made.effects,
            )
        )

    def begin(self, payload: Any = None) -> "Story":
        """Begin."""
        self.hear(Begin(self.state.traversal, payload))
        return self

    def succeed(self, output: Any = None) -> "Story":
        """The last dispatch succeeds."""
        last = self.dispatched[-1]
        self.hear(NodeSuccess(self.state.traversal, last.node, last.attempt, output))
        return self

    def fail(self) -> "Story":
        """The last dispatch fails."""
        last = self.dispatched[-1]
        self.hear(NodeFailure(self.state.traversal, last.node, last.attempt, ErrorDetail("no-route", "é")))
        return self

    def change(self) -> Change:
        """What happened since the last change."""
        change = Change(origin=self.origin, base=self._base, decisions=tuple(self._decisions), state=self.state)
        self._base, self._decisions = self.state.version, []
        return change


def loop_change(traversal: str) -> tuple[Change, SeriesState]:
    """A loop that began and whose first round ended."""
    body = compile_document({"entryPoints": [{"type": "pass"}]}).unwrap()
    plan = LoopPlan(body.dag.hash, JsonExists(("done",)), 5, None)
    state = new_series(TraversalId(traversal))
    decisions: list[Decision] = []
    signals: Sequence[Any] = [Begin(state.traversal, {"n": 1}), RunEnd(state.traversal, 1, EndedInSuccess({"n": 2}))]
    for number, signal in enumerate(signals):
        made = series_transition(body.dag, plan, state, signal, NOON).unwrap()
        state = made.state
        decisions.append(
            Decision(version=state.version, cause=f"c{number}", at=NOON, events=made.events, effects=made.effects)
        )
    origin = Origin(plan=plan, parent=None, root=state.traversal)
    return Change(origin=origin, base=0, decisions=tuple(decisions), state=state), state
