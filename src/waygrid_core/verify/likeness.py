"""Which nodes are alike, and which states: what is alike has the same future, and is explored once.

Two nodes are alike if the same can follow from both: they are of one kind, wait and branch alike, and what their edges
lead to is alike. Addresses and parameters do not count, for a node may answer anything, but whether a guarantee names
it does. Two states are alike if their tokens stand at nodes that are alike, in forks whose branches, those that are
alike exchanged at will, have come equally far. Branches that still wait are opened in name order, so those keep their
places.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from attrs import frozen

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.edge import SUCCESS, edges_from
from waygrid_core.dag.node import DagNode, FailNode, ForkNode, JoinNode, PassNode, TaskNode
from waygrid_core.dag.paths import closing_edges
from waygrid_core.extension.extension import JoinRule
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.identifiers import ROOT_SCOPE, NodeId, ScopeId, branch_scope
from waygrid_core.policy.delivery import Immediate, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import And, JoinStrategy
from waygrid_core.spec.extended import write_versioned
from waygrid_core.traversal.state import BackingOff, InFlight, TraversalState
from waygrid_core.verify.twin import Twin

Key: TypeAlias = tuple[Any, ...]
"""Equal for what is alike."""

Focus: TypeAlias = Mapping[NodeId, str]
"""By fork, the branch that is followed first; see `waygrid_core.verify.order`."""


@frozen(kw_only=True)
class Ends:
    """How what a node runs (a body) may end: a node whose body never fails never fails."""

    can_succeed: bool = True
    can_fail: bool = True


_END: Final = -1
"""Where a branch reaches its join, or a scope just ends."""


class Likeness:
    """The classes of the nodes of a twin. `marks` says what guarantees call the nodes that they name, `ends` how nodes
    may end that cannot end in any way.
    """

    def __init__(self, twin: Twin, marks: Mapping[NodeId, str], ends: Mapping[NodeId, Ends]) -> None:
        self._twin = twin
        self._marks = marks
        self._ends = ends
        self._classes: dict[Key, int] = {}
        self._of: dict[NodeId, int] = {}
        self._heads: dict[NodeId, dict[str, int]] = {}
        for node in _ends_first(twin.dag):
            self._of[node.id] = self._classes.setdefault(self._meaning(node), len(self._classes))

    def class_of(self, node: NodeId) -> int:
        """The class of a node: equal for those that are alike."""
        return self._of[node]

    def key(self, state: TraversalState, focus: Focus) -> Key:
        """The key of where the tokens of a state stand; the past of a traversal counts no more."""
        return self._key(state, ROOT_SCOPE, focus)

    def place_of(self, node: NodeId) -> Key:
        """Equal for nodes that are alike and stand in branches that are alike, in forks that are: one for the other."""
        around: list[tuple[int, int]] = []
        scope = self._twin.dag.nodes[node].scope
        while scope != ROOT_SCOPE:
            branch = self._twin.dag.scopes[scope]
            around.append((self._of[branch.fork], self._heads[branch.fork][branch.branch]))
            scope = branch.parent
        return (self._of[node], *around)

    def branch_key(self, state: TraversalState, fork: NodeId, branch: str, focus: Focus) -> Key:
        """The key of a branch that runs: equal for those of one fork that may be exchanged."""
        return (self._heads[fork][branch], self._key(state, branch_scope(fork, branch), focus))

    def _key(self, state: TraversalState, scope: ScopeId, focus: Focus) -> Key:
        """Of one scope and all below it. Recursion goes as deep as forks nest."""
        node = state.standing.get(scope)
        if node is None:
            return ()
        run = state.forks.get(node)
        if run is None:
            return (self._of[node], *_progress(state, node))
        if not run.is_open:
            return (self._of[node],)
        heads, chosen = self._heads[node], focus.get(node)
        begun = []
        waiting = []
        for index, name in enumerate(run.names):
            branch = run.branches[name]
            if branch.status == "waiting":
                waiting.append(index)
            else:
                inner = self._key(state, branch_scope(node, name), focus) if branch.status == "running" else ()
                begun.append((heads[name], branch.status, name == chosen, inner))
        return (self._of[node], run.needed, chosen is not None, tuple(waiting), tuple(sorted(begun)))

    def _meaning(self, node: DagNode) -> Key:
        mark = self._marks.get(node.id, "")
        match node:
            case TaskNode():
                routing = self._twin.routings.get(node.id)
                possible = () if routing is None else routing.possible
                retries = getattr(node.retry_policy, "max_retries", 0)
                asked = self._twin.options.get(f"{node.id}/data", ())
                waits = (node.timeout is not None, self._delivery(node), asked)
                return ("task", mark, waits, retries, possible, self._ends.get(node.id, Ends()), *self._onward(node))
            case PassNode():
                asked = self._twin.options.get(f"{node.id}/output", ())
                return ("pass", mark, self._delivery(node), asked, *self._onward(node))
            case FailNode():
                return ("fail", mark)
            case JoinNode():
                return ("join", mark, node.timeout is not None, self._branches(node), self._edges(node))
            case ForkNode():
                return ("fork", self._of[node.join])

    def _onward(self, node: DagNode) -> Key:
        """What a node leads to, and whether a signal may have it go there."""
        return (self._twin.told_name(node.id) is not None, self._edges(node))

    def _branches(self, join: JoinNode) -> Key:
        """What a join decides: its branches in name order, how many of which must succeed, how many run at once."""
        fork = self._twin.dag.nodes[join.fork]
        assert isinstance(fork, ForkNode), "what compiles ties a join to a fork"
        counted = join.strategy.of if isinstance(join.strategy, And) else None
        asked = self._twin.options.get(f"{join.id}/quorum")
        needed = asked or _decided_by(join.strategy)
        heads = self._heads[fork.id] = {}
        for name, head in fork.branches:
            way = (
                *("branch", _END if head == join.id else self._of[head], counted is None or name in counted),
                name if _tells_apart(join.strategy) else "",
            )
            heads[name] = self._classes.setdefault(way, len(self._classes))
        return (fork.concurrency, needed, tuple(heads.values()))

    def _edges(self, node: DagNode) -> Key:
        end = _own_join(self._twin.dag, node)
        edges = tuple((guard, _END if target == end else self._of[target]) for guard, target in edges_from(node))
        # Without any edge a scope ends by itself, which is what an edge to its join says.
        return edges or ((SUCCESS, _END),)

    def _delivery(self, node: TaskNode | PassNode) -> Key:
        match node.delivery_strategy:
            case Immediate():
                return ()
            case ScheduleAfter():
                return ("later",)
            case ScheduleAt():
                return ("asked", self._twin.options[f"{node.id}/time"])


def _decided_by(strategy: JoinStrategy) -> str:
    match strategy:
        case And():
            return "And"
        case JoinRule():
            return canonical_json(write_versioned(strategy)).decode("utf-8", "replace")
        case _:
            return str(strategy)


def _tells_apart(strategy: JoinStrategy) -> bool:
    """Whether it may matter to a join which of its branches it was: then no two of them are alike."""
    return isinstance(strategy, JoinRule) and not strategy.is_symmetric


def _progress(state: TraversalState, node: NodeId) -> Key:
    match state.nodes[node]:
        case InFlight(attempt=attempt):
            return ("in flight", attempt)
        case BackingOff(attempt=attempt):
            return ("backing off", attempt)
        case run:
            return (type(run).__name__,)


def _own_join(dag: Dag, node: DagNode) -> NodeId | None:
    """The join at which the branch of a node ends; None at the root."""
    scope = dag.scopes.get(node.scope)
    fork = None if scope is None else dag.nodes[scope.fork]
    return fork.join if isinstance(fork, ForkNode) else None


def _ends_first(dag: Dag) -> list[DagNode]:
    """Every node after all that its class depends on: what it leads to, but a join after the branches that it ends."""
    nodes = list(dag.nodes.values())
    number = {node.id: index for index, node in enumerate(nodes)}
    successors = []
    for node in nodes:
        if isinstance(node, ForkNode):
            targets = [node.join]
        else:
            targets = [target for _, target in edges_from(node) if target != _own_join(dag, node)]
        if isinstance(node, JoinNode):
            fork = dag.nodes[node.fork]
            assert isinstance(fork, ForkNode), "what compiles ties a join to a fork"
            targets += [head for _, head in fork.branches if head != node.id]
        successors.append([number[target] for target in targets])
    order: list[int] = []
    assert not any(closing_edges(successors, order)), "what compiles has no cycle"
    return [nodes[index] for index in order]
