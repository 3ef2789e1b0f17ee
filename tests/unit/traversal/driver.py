"""A traversal under test: a Spec in YAML, and signals by the names that its author gave."""

from datetime import UTC, datetime, timedelta

from waygrid_core.compile.pipeline import compile_spec
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_core.spec.parse import parse_spec
from waygrid_core.traversal.effects import CancelNode, DispatchNode, Effect, Schedule, Unschedule
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.fold import fold
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.obligations import Obligation, obligation_key, obligations
from waygrid_core.traversal.rejections import TraversalError
from waygrid_core.traversal.signals import Begin, NodeFailure, NodeSuccess, Signal
from waygrid_core.traversal.state import TraversalState, new_traversal
from waygrid_core.traversal.timers import dispatch_key, timer_signal

START = datetime(2026, 1, 1, tzinfo=UTC)
TRAVERSAL = TraversalId("01JGFJJZ00000000000000000T")


class Driver:
    """Feeds signals to the machine, checks laws 3 and 6 after each, and keeps what came out."""

    def __init__(self, spec: str, extensions: Extensions = NO_EXTENSIONS) -> None:
        compiled = compile_spec(parse_spec(spec, "yaml", extensions=extensions).unwrap())
        assert not isinstance(compiled, Failure), compiled.failure()
        self.dag = compiled.unwrap().dag
        self.state: TraversalState = new_traversal(TRAVERSAL)
        self.now = START
        self.events: tuple[Event, ...] = ()

    def node(self, name: str) -> NodeId:
        """The NodeId of an author's id."""
        return self.dag.node_named[name]

    def send(self, signal: Signal, *, after: float = 0) -> tuple[Effect, ...]:
        """Accept a signal, `after` seconds later, and give its effects."""
        self.now += timedelta(seconds=after)
        before = self.state
        outcome = transition(self.dag, before, signal, self.now)
        assert not isinstance(outcome, Failure), outcome.failure()
        done = outcome.unwrap()
        assert fold(done.events, before) == done.state == fold((), done.state)
        assert done.state.version == before.version + len(done.events)
        assert _started(done.effects) == _new(obligations(before), obligations(done.state))
        assert _withdrawn(done.effects) <= _keys(obligations(before)) - _keys(obligations(done.state))
        self.state = done.state
        self.events += done.events
        return done.effects

    def refused(self, signal: Signal) -> TraversalError:
        """The error of a signal that must be refused."""
        outcome = transition(self.dag, self.state, signal, self.now)
        assert isinstance(outcome, Failure), outcome
        return outcome.failure()

    def begin(self, payload: JsonValue = None, entry: int = 0) -> tuple[Effect, ...]:
        """Begin."""
        return self.send(Begin(TRAVERSAL, {} if payload is None else payload, entry))

    def succeed(self, name: str, output: JsonValue = None, attempt: int = 1, after: float = 0) -> tuple[Effect, ...]:
        """Answer an attempt with success."""
        return self.send(NodeSuccess(TRAVERSAL, self.node(name), attempt, output), after=after)

    def fail(self, name: str, code: str = "failed", attempt: int = 1, after: float = 0) -> tuple[Effect, ...]:
        """Answer an attempt with failure."""
        return self.send(NodeFailure(TRAVERSAL, self.node(name), attempt, ErrorDetail(code)), after=after)

    def fire(self, schedule: Schedule) -> tuple[Effect, ...]:
        """Let a timer fire when it is due."""
        self.now = max(self.now, schedule.at)
        return self.send(timer_signal(schedule.timer))

    def names(self, effects: tuple[Effect, ...]) -> list[str]:
        """Effects as short texts: `DispatchNode a 1`, `CancelNode b 2`, `Schedule timeout a`."""
        return [self._name(effect) for effect in effects]

    def waits_for(self) -> list[str]:
        """The obligations as short texts."""
        return sorted(self._name(obligation) for obligation in obligations(self.state))

    def scheduled(self, effects: tuple[Effect, ...], kind: str) -> Schedule:
        """The one timer of that kind among effects."""
        (found,) = [e for e in effects if isinstance(e, Schedule) and e.timer.endswith(f"/{kind}")]
        return found

    def dispatched(self, effects: tuple[Effect, ...], name: str) -> DispatchNode:
        """The one dispatch of that node among effects."""
        (found,) = [e for e in effects if isinstance(e, DispatchNode) and e.node == self.node(name)]
        return found

    def _name(self, effect: Effect) -> str:
        kind = type(effect).__name__
        named = {node: name for name, node in self.dag.node_named.items()}
        timer = getattr(effect, "timer", None)
        if timer is not None:
            _, node, _, timer_kind = timer.split("/")
            return f"{kind} {timer_kind} {named.get(node, node)}"
        node = getattr(effect, "node", None)
        return kind if node is None else f"{kind} {named.get(node, node)} {effect.attempt}"  # type: ignore[union-attr]


def _started(effects: tuple[Effect, ...]) -> list[str]:
    return sorted(repr(effect) for effect in effects if isinstance(effect, DispatchNode | Schedule))


def _new(before: tuple[Obligation, ...], after: tuple[Obligation, ...]) -> list[str]:
    return sorted(repr(obligation) for obligation in after if obligation not in before)


def _withdrawn(effects: tuple[Effect, ...]) -> set[str]:
    canceled = {dispatch_key(effect.node, effect.attempt) for effect in effects if isinstance(effect, CancelNode)}
    return canceled | {effect.timer for effect in effects if isinstance(effect, Unschedule)}


def _keys(owed: tuple[Obligation, ...]) -> set[str]:
    return {obligation_key(obligation) for obligation in owed}
