"""What may happen next in a state, and which of it is explored.

Everything that a traversal waits for may happen next: an attempt succeeds in any way or fails, a timer fires. Signals
of different branches commute (semantics, law 8), up to the order in which their join saw them; and what follows from a
join depends on whether it holds, which for our strategies depends on which branches succeed and not on their order. So
of the branches of one fork one at a time is followed to its end, each of those that have opened first once: that finds
every node, every edge, every end and every decision of a join. Branches with nodes that guarantees name are followed in
every order, for there the order is what is asked for; and so are those of a fork whose join an extension decides, and
all, when `Order` is told to spare nothing.
"""

from collections.abc import Iterator, Mapping, Set

from attrs import frozen

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import ForkNode, JoinNode
from waygrid_core.extension.extension import JoinRule
from waygrid_core.model.identifiers import ROOT_SCOPE, NodeId, ScopeId, branch_scope
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import FAILED, ErrorDetail
from waygrid_core.traversal.signals import NodeFailure, NodeSuccess, Signal
from waygrid_core.traversal.state import BackingOff, InFlight, Joining, TraversalState, Waiting
from waygrid_core.traversal.timers import node_timer, timer_signal, traversal_timer
from waygrid_core.verify.likeness import Ends, Focus, Likeness
from waygrid_core.verify.saying import failure_told, success_told
from waygrid_core.verify.twin import Twin

_FAILURE = ErrorDetail(FAILED, "it fails")


@frozen
class Move:
    """A signal that may come next, and the focus that it is explored under."""

    signal: Signal
    focus: Focus


class Order:
    """The moves of states of one twin. `marked` are the nodes that guarantees name."""

    def __init__(
        self,
        twin: Twin,
        likeness: Likeness,
        marked: Set[NodeId],
        ends: Mapping[NodeId, Ends],
        *,
        spares: bool,
        fires_anywhere: bool,
    ) -> None:
        self._twin = twin
        self._likeness = likeness
        self._ends = ends
        self._spares = spares
        self._fires_anywhere = fires_anywhere
        self._marked = _scopes_around(twin.dag, marked)

    def moves(self, state: TraversalState, focus: Focus, *, is_first: bool) -> Iterator[Move]:
        """What is explored from here. The traversal's own timer ends everything: once is enough, unless it counts what
        has happened by then."""
        if state.due is not None and (is_first or self._fires_anywhere):
            yield Move(timer_signal(traversal_timer(state.traversal)), focus)
        yield from self._in_scope(state, ROOT_SCOPE, focus)

    def _in_scope(self, state: TraversalState, scope: ScopeId, focus: Focus) -> Iterator[Move]:
        node = state.standing.get(scope)
        if node is None:
            return
        if node in state.forks:
            yield from self._in_fork(state, node, focus)
        else:
            for signal in self._of_node(state, node):
                yield Move(signal, focus)

    def _in_fork(self, state: TraversalState, fork: NodeId, focus: Focus) -> Iterator[Move]:
        run = state.forks[fork]
        running = [name for name in run.names if run.branches[name].status == "running"]
        marked = [name for name in running if branch_scope(fork, name) in self._marked]
        others = [name for name in running if branch_scope(fork, name) not in self._marked]
        if not self._spares or self._is_ruled(fork):
            marked, others = running, []
        join = state.nodes[run.join]
        if isinstance(join, Joining) and join.due is not None and (marked or self._fires_anywhere or fork not in focus):
            yield Move(timer_signal(node_timer(state.traversal, run.join, 1, "timeout")), focus)
        for name in self._unlike(state, fork, marked, focus):
            yield from self._in_scope(state, branch_scope(fork, name), focus)
        chosen = focus.get(fork)
        if chosen not in others and self._opens_later(fork):
            chosen = None  # what has opened meanwhile may be first too
        if chosen is None and len(others) > 1:
            for name in self._unlike(state, fork, others, focus):
                yield from self._in_scope(state, branch_scope(fork, name), {**focus, fork: name})
        elif others:
            name = chosen if chosen in others else others[0]
            assert name is not None, "one of the others is followed"
            yield from self._in_scope(state, branch_scope(fork, name), {**focus, fork: name})

    def _is_ruled(self, fork_id: NodeId) -> bool:
        """Whether a rule of an extension decides the join: whoever ends first may count there."""
        fork = self._twin.dag.nodes[fork_id]
        assert isinstance(fork, ForkNode), "a token stands in a fork"
        join = self._twin.dag.nodes[fork.join]
        return isinstance(join, JoinNode) and isinstance(join.strategy, JoinRule)

    def _opens_later(self, fork_id: NodeId) -> bool:
        fork = self._twin.dag.nodes[fork_id]
        assert isinstance(fork, ForkNode), "a token stands in a fork"
        return fork.concurrency is not None and fork.concurrency < len(fork.branches)

    def _unlike(self, state: TraversalState, fork: NodeId, names: list[str], focus: Focus) -> Iterator[str]:
        """One of each set of branches that may be exchanged."""
        seen = set()
        for name in names:
            key = self._likeness.branch_key(state, fork, name, focus)
            if key not in seen:
                seen.add(key)
                yield name

    def _of_node(self, state: TraversalState, node: NodeId) -> Iterator[Signal]:
        traversal = state.traversal
        match state.nodes[node]:
            case InFlight(attempt=attempt, due=due):
                ends = self._ends.get(node, Ends())
                if ends.can_succeed:
                    for output in self._outputs(node):
                        yield NodeSuccess(traversal, node, attempt, output)
                if ends.can_fail:
                    yield NodeFailure(traversal, node, attempt, _FAILURE)
                if due is not None:
                    yield timer_signal(node_timer(traversal, node, attempt, "timeout"))
            case Waiting():
                yield timer_signal(node_timer(traversal, node, 1, "resume"))
                yield from self._told(state, node)
            case BackingOff(attempt=attempt):
                yield timer_signal(node_timer(traversal, node, attempt, "retry"))
                yield from self._told(state, node)
            case _:
                return

    def _told(self, state: TraversalState, node: NodeId) -> Iterator[Signal]:
        """A signal of the Spec ends a node that nobody could answer now. One under way it ends as an answer would."""
        name = self._twin.told_name(node)
        if name is not None:
            for output in self._outputs(node):
                yield success_told(state.traversal, name, output)
            yield failure_told(state.traversal, name)

    def _outputs(self, node: NodeId) -> tuple[JsonValue, ...]:
        routing = self._twin.routings.get(node)
        return (None,) if routing is None else routing.possible


def _scopes_around(dag: Dag, nodes: Set[NodeId]) -> frozenset[ScopeId]:
    """The scopes in which these nodes stand, and all around those."""
    found: set[ScopeId] = set()
    for node in nodes:
        scope = dag.nodes[node].scope
        while scope != ROOT_SCOPE and scope not in found:
            found.add(scope)
            scope = dag.scopes[scope].parent
    return frozenset(found)
