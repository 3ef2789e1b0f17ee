"""The only writer of state: what each event changes.

`evolve` is the meaning; `Draft` is how it is computed. A draft is a state under construction: one transition applies
its events to one draft and freezes it once, so that a step does not build a whole `TraversalState` an event.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from attrs import evolve as evolve_fields

from waygrid_core.model.identifiers import DagHash, NodeId, ScopeId, TraversalId, branch_scope
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import (
    BranchCanceled,
    BranchFailed,
    BranchOpened,
    BranchSucceeded,
    BranchTimedOut,
    Event,
    ForkOpened,
    GuardRemembered,
    NodeAsked,
    NodeCanceled,
    NodeDispatched,
    NodeFailed,
    NodeHeard,
    NodeScheduled,
    NodeStarted,
    NodeSucceeded,
    NodeTimedOut,
    RetryScheduled,
    SignalHeard,
    SignalHeld,
    TraversalBegun,
    TraversalCanceled,
    TraversalCompleted,
    TraversalFailed,
    TraversalPaused,
    TraversalTimedOut,
    TraversalUnpaused,
)
from waygrid_core.traversal.signals import HeldSignal, Known
from waygrid_core.traversal.state import (
    NO_MEMORIES,
    BackingOff,
    BranchRun,
    Canceled,
    Failed,
    ForkRun,
    InFlight,
    Joining,
    Memories,
    NodeRun,
    Round,
    Succeeded,
    TraversalState,
    TraversalStatus,
    Waiting,
)
from waygrid_core.traversal.timers import held_key

_NO_ANSWERS: PersistentMap[str, bool] = PersistentMap()
_RUNNING = BranchRun("running")


def evolve(state: TraversalState, event: Event) -> TraversalState:
    """The state after `event`. Total over the events that a transition from `state` can give."""
    draft = Draft(state)
    draft.apply(event)
    return draft.freeze()


def fold(events: Iterable[Event], state: TraversalState) -> TraversalState:
    """The state after `events`, in order: what the journal rebuilds a traversal with."""
    draft = Draft(state)
    for event in events:
        draft.apply(event)
    return draft.freeze()


class Draft:
    """A state under construction. Fields as in `TraversalState`; read them, but change them by `apply` alone."""

    __slots__ = (
        "answered",
        "dag",
        "due",
        "entry",
        "error",
        "forks",
        "held",
        "known",
        "memories",
        "nodes",
        "output",
        "payload",
        "reason",
        "run",
        "standing",
        "status",
        "traversal",
        "version",
    )

    def __init__(self, state: TraversalState) -> None:
        self.traversal: TraversalId = state.traversal
        self.status: TraversalStatus = state.status
        self.version: int = state.version
        self.dag: DagHash = state.dag
        self.payload: JsonValue = state.payload
        self.entry: int = state.entry
        self.run: int = state.run
        self.known: Known = state.known
        self.due: datetime | None = state.due
        self.nodes: PersistentMap[NodeId, NodeRun] = state.nodes
        self.forks: PersistentMap[NodeId, ForkRun] = state.forks
        self.standing: PersistentMap[ScopeId, NodeId] = state.standing
        self.held: tuple[HeldSignal, ...] = state.held
        self.answered: PersistentMap[str, bool] = state.answered
        self.output: JsonValue = state.output
        self.error: ErrorDetail | None = state.error
        self.reason: str | None = state.reason
        self.memories: Memories = state.memories

    def freeze(self) -> TraversalState:
        """The state that was constructed."""
        return TraversalState(
            self.traversal,
            self.status,
            self.version,
            self.dag,
            self.payload,
            self.entry,
            self.run,
            self.known,
            self.due,
            self.nodes,
            self.forks,
            self.standing,
            self.held,
            self.answered,
            self.output,
            self.error,
            self.reason,
            self.memories,
        )

    @property
    def has_ended(self) -> bool:
        """Whether the status is terminal."""
        return self.status not in ("New", "Running", "Paused")

    def apply(self, event: Event) -> None:
        """Change the draft as `event` says. The events of every step come first: a match is a chain of tests."""
        self.version += 1
        match event:
            case NodeSucceeded():
                self._end_node(event.node, Succeeded(event.attempt, event.arrived, event.output))
            case NodeDispatched():
                self._stand(
                    event.scope,
                    event.node,
                    InFlight(
                        event.scope,
                        event.attempt,
                        event.arrived,
                        event.input,
                        event.parameters,
                        event.branch,
                        event.due,
                    ),
                )
            case BranchOpened(fork=fork, branch=branch):
                self.forks = self.forks.set(fork, _with_open_branch(self.forks[fork], branch))
            case BranchSucceeded(fork=fork, branch=branch, output=output):
                self._end_branch(fork, branch, BranchRun("succeeded", output))
            case NodeStarted(node=node):
                self.nodes = self.nodes.set(node, evolve_fields(self._in_flight(node), started=True))
            case NodeScheduled():
                self._stand(event.scope, event.node, Waiting(event.scope, event.arrived, event.due))
            case RetryScheduled(node=node, error=error, due=due):
                run = self._in_flight(node)
                self.nodes = self.nodes.set(
                    node,
                    BackingOff(run.scope, run.attempt, run.arrived, run.input, run.parameters, run.branch, error, due),
                )
            case NodeFailed():
                self._end_node(event.node, Failed(event.attempt, event.arrived, event.error, timed_out=False))
            case NodeTimedOut():
                self._end_node(event.node, Failed(event.attempt, event.arrived, event.error, timed_out=True))
            case NodeCanceled(node=node):
                self._end_node(node, Canceled(_attempts_made(self.nodes[node])))
            case ForkOpened():
                self._open_fork(event)
            case BranchFailed(fork=fork, branch=branch):
                self._end_branch(fork, branch, BranchRun("failed"))
            case BranchTimedOut(fork=fork, branch=branch):
                self._end_branch(fork, branch, BranchRun("timed-out"))
            case BranchCanceled(fork=fork, branch=branch):
                self._end_branch(fork, branch, BranchRun("canceled"))
            case SignalHeld(signal=signal):
                self.held = (*self.held, signal)
                self.answered = self.answered.set(held_key(signal), True)
            case TraversalBegun():
                self.status = "Running"
                self.dag = event.dag
                self.payload = event.payload
                self.entry = event.entry
                self.run = event.run
                self.known = event.known
                self.due = event.due
            case TraversalPaused():
                self.status = "Paused"
            case TraversalUnpaused():
                self.status = "Running"
                self.held = ()
                self.answered = _NO_ANSWERS
            case TraversalCompleted(output=output):
                self._end("Completed")
                self.output = output
            case TraversalFailed(error=error):
                self._end("Failed")
                self.error = error
            case TraversalTimedOut(error=error):
                self._end("TimedOut")
                self.error = error
            case TraversalCanceled(reason=reason):
                self._end("Canceled")
                self.reason = reason
            case NodeAsked(node=node, memory=memory):
                self._begin_round(node, memory)
            case NodeHeard():
                pass  # it is there to be told
            case GuardRemembered(index=index, memory=memory):
                guards = self.memories.guards
                self.memories = evolve_fields(self.memories, guards=(*guards[:index], memory, *guards[index + 1 :]))
            case SignalHeard(id=told):
                self.memories = evolve_fields(self.memories, heard=self.memories.heard.set(told, True))
            case _:
                assert_never(event)

    def _stand(self, scope: ScopeId, node: NodeId, run: NodeRun) -> None:
        self.nodes = self.nodes.set(node, run)
        self.standing = self.standing.set(scope, node)

    def _in_flight(self, node: NodeId) -> InFlight:
        run = self.nodes[node]
        assert isinstance(run, InFlight), f"{node} is not in flight"
        return run

    def _end_node(self, node: NodeId, ended: NodeRun) -> None:
        before = self.nodes.get(node)
        if isinstance(before, Joining):
            self.forks = self.forks.set(before.fork, evolve_fields(self.forks[before.fork], is_open=False))
        self.nodes = self.nodes.set(node, ended)
        if self.memories is not NO_MEMORIES and node in self.memories.rounds:
            self.memories = evolve_fields(self.memories, rounds=self.memories.rounds.delete(node))

    def _begin_round(self, node: NodeId, memory: JsonValue) -> None:
        rounds = self.memories.rounds
        before = rounds.get(node)
        number = 1 if before is None else before.number + 1
        self.memories = evolve_fields(self.memories, rounds=rounds.set(node, Round(memory, number)))

    def _open_fork(self, event: ForkOpened) -> None:
        counted = None if event.counted is None else frozenset(event.counted)
        self.forks = self.forks.set(
            event.fork,
            ForkRun(
                join=event.join,
                scope=event.scope,
                arrived=event.arrived,
                names=event.branches,
                branches=PersistentMap({name: BranchRun("waiting") for name in event.branches}),
                counted=counted,
                total=len(event.branches) if counted is None else len(counted),
                needed=event.needed,
            ),
        )
        self.nodes = self.nodes.set(event.join, Joining(event.fork, event.due))
        self.standing = self.standing.set(event.scope, event.fork)

    def _end_branch(self, fork: NodeId, branch: str, ended: BranchRun) -> None:
        self.forks = self.forks.set(fork, _with_ended_branch(self.forks[fork], branch, ended))
        scope = branch_scope(fork, branch)
        if scope in self.standing:
            self.standing = self.standing.delete(scope)

    def _end(self, status: TraversalStatus) -> None:
        self.status = status
        self.due = None
        self.standing = PersistentMap()
        self.held = ()
        self.answered = _NO_ANSWERS


def _attempts_made(run: NodeRun) -> int:
    return run.attempt if isinstance(run, InFlight | BackingOff) else 0


# The two below run for every branch of every fork; the constructor costs a third of `attrs.evolve`.


def _with_open_branch(fork: ForkRun, branch: str) -> ForkRun:
    return ForkRun(
        join=fork.join,
        scope=fork.scope,
        arrived=fork.arrived,
        names=fork.names,
        branches=fork.branches.set(branch, _RUNNING),
        counted=fork.counted,
        total=fork.total,
        needed=fork.needed,
        succeeded=fork.succeeded,
        lost=fork.lost,
        running=fork.running + 1,
        next=fork.names.index(branch, fork.next) + 1,
        is_open=fork.is_open,
    )


def _with_ended_branch(fork: ForkRun, branch: str, ended: BranchRun) -> ForkRun:
    is_counted = fork.counted is None or branch in fork.counted
    has_succeeded = ended.status == "succeeded"
    return ForkRun(
        join=fork.join,
        scope=fork.scope,
        arrived=fork.arrived,
        names=fork.names,
        branches=fork.branches.set(branch, ended),
        counted=fork.counted,
        total=fork.total,
        needed=fork.needed,
        succeeded=fork.succeeded + (is_counted and has_succeeded),
        lost=fork.lost + (is_counted and not has_succeeded),
        running=fork.running - (fork.branches[branch].status == "running"),
        next=fork.next,
        is_open=fork.is_open,
    )
