"""What every DAG keeps, hand-made ones too: the checks of a Spec's graph, for nodes and edges in two lists.

One fault gives one problem: a check that finds one cuts the edge or drops the pair that has it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from attrs import Factory, define

from waygrid_core.dag.edge import ALWAYS, BRANCH, CONDITION, JOIN, SUCCESS
from waygrid_core.dag.graph import Graph, GraphNode
from waygrid_core.dag.named_nodes import pointers_of
from waygrid_core.dag.paths import SHOWN, closing_edges, describe_cycle, missing_end
from waygrid_core.extension.asked_rules import misfit_of
from waygrid_core.extension.extension import JoinRule
from waygrid_core.model.identifiers import ROOT_SCOPE, ScopeId, branch_scope
from waygrid_core.policy.join import And, Quorum
from waygrid_core.spec.fields import shown
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import FailNode, ForkNode, JoinNode
from waygrid_core.spec.problem import ProblemSink

_FEWEST_BRANCHES: Final = 2
_CUT: Final = -1
_UNKNOWN: Final = ScopeId("?")
"""The scope of a node that stands in two, and of what it leads to: nothing more is said about it."""


@define(eq=False)
class Structure:
    """What follows from a graph: the scope of each node, and which join belongs to which fork, by number."""

    scopes: dict[int, ScopeId] = Factory(dict)
    join_of: dict[int, int] = Factory(dict)
    fork_of: dict[int, int] = Factory(dict)
    parents: dict[ScopeId, tuple[int, ScopeId]] = Factory(dict)
    """Of each branch scope its fork, and the scope that the fork stands in."""


def check_graph(graph: Graph, limits: Limits, problems: ProblemSink) -> Structure:
    """Report every fault of the graph. The structure is whole if there is none."""
    structure = Structure()
    _pair(graph, structure, problems)
    order = _cut_cycles(graph, structure, problems)
    reached = _report_unreachable(graph, structure, problems)
    _assign_scopes(graph, structure, [at for at in reversed(order) if at in reached], problems)
    _report_missed_joins(graph, structure, problems)
    _report_deep_forks(graph, structure, limits, problems)
    _check_pointers(graph, structure, problems)
    return structure


def _pair(graph: Graph, structure: Structure, problems: ProblemSink) -> None:
    forks: dict[str, list[int]] = {}
    joins: dict[str, list[int]] = {}
    for index, entry in enumerate(graph.nodes):
        if isinstance(entry.node, ForkNode):
            forks.setdefault(entry.node.join_node_id, []).append(index)
        elif isinstance(entry.node, JoinNode):
            joins.setdefault(entry.node.join_node_id, []).append(index)
    for join_node_id, found in forks.items():
        for index in found[1:]:
            message = f"another fork has the joinNodeId {join_node_id!r}; each fork needs a join of its own"
            problems.add((graph.nodes[index].place, "joinNodeId"), "duplicate-join-node-id", message)
        if join_node_id not in joins:
            message = f"no join has the joinNodeId {join_node_id!r}"
            problems.add(graph.nodes[found[0]].place, "fork-without-join", message)
    for join_node_id, found in joins.items():
        for index in found[1:]:
            message = f"another join has the joinNodeId {join_node_id!r}; in a DAG each join stands once"
            problems.add((graph.nodes[index].place, "joinNodeId"), "conflicting-join", message)
        join = graph.nodes[found[0]]
        if isinstance(join.node, JoinNode) and join.node.strategy is None:
            problems.add(join.place, "missing-field", "a join needs the field 'strategy'")
        pair = forks.get(join_node_id)
        if pair is None:
            problems.add(join.place, "join-without-fork", f"no fork has the joinNodeId {join_node_id!r}")
        elif len(pair) == len(found) == 1:
            structure.join_of[pair[0]], structure.fork_of[found[0]] = found[0], pair[0]
            _check_pair(graph.nodes[pair[0]], join, found[0], problems)


def _check_pair(fork: GraphNode, join: GraphNode, join_index: int, problems: ProblemSink) -> None:
    for edge in fork.edges:
        if edge.guard == JOIN and edge.target != join_index:
            problems.add(edge.place, "conflicting-join", "this edge leads to another join than the fork's own")
    assert isinstance(fork.node, ForkNode), "a pair has a fork"
    assert isinstance(join.node, JoinNode), "a pair has a join"
    match join.node.strategy:
        case And(of=of) if of is not None:
            for index, name in enumerate(of):
                if name not in fork.node.branches:
                    place = (((join.place, "strategy"), "of"), index)
                    problems.add(place, "unknown-branch", f"the fork has no branch {shown(name)}")
        case Quorum(n=n) if isinstance(n, int) and n > max(len(fork.node.branches), _FEWEST_BRANCHES):
            message = f"a quorum of {n} cannot be reached by {len(fork.node.branches)} branches"
            problems.add(((join.place, "strategy"), "n"), "quorum-out-of-range", message)
        case JoinRule() as rule if len(fork.node.branches) >= _FEWEST_BRANCHES:
            misfit = misfit_of(rule, tuple(sorted(fork.node.branches)))
            if misfit is not None:
                problems.add((join.place, "strategy"), "out-of-range", misfit)


def _cut_cycles(graph: Graph, structure: Structure, problems: ProblemSink) -> list[int]:
    """Report and cut every edge that closes a cycle; the nodes, each after all that it leads to."""
    successors = [[edge.target for edge in entry.edges] for entry in graph.nodes]
    for fork, join in structure.join_of.items():
        successors[fork].append(join)  # the join comes after its fork, whether or not a branch reaches it
    order: list[int] = []
    for closing in closing_edges(successors, order):
        names = [graph.nodes[at].id for at in closing.cycle[:SHOWN]]
        edges = graph.nodes[closing.source].edges
        place = edges[closing.index].place if closing.index < len(edges) else graph.nodes[closing.source].place
        problems.add(place, "cycle", describe_cycle(names, len(closing.cycle)))
        if closing.index < len(edges):
            edges[closing.index].target = _CUT
    return order


def _report_unreachable(graph: Graph, structure: Structure, problems: ProblemSink) -> set[int]:
    reached: set[int] = set()
    waiting = list(graph.entries)
    while waiting:
        at = waiting.pop()
        if at != _CUT and at not in reached:
            reached.add(at)
            waiting.extend(edge.target for edge in graph.nodes[at].edges)
            if at in structure.join_of:
                waiting.append(structure.join_of[at])
    missed = [at for at in range(len(graph.nodes)) if at not in reached]
    # Of a part that nobody reaches, its beginnings are the fault.
    inner = {edge.target for at in missed for edge in graph.nodes[at].edges}
    inner.update(structure.join_of[at] for at in missed if at in structure.join_of)
    for at in missed:
        if at not in inner:
            problems.add(graph.nodes[at].place, "unreachable-node", "no path from an entry point leads to this node")
    return reached


def _assign_scopes(graph: Graph, structure: Structure, order: list[int], problems: ProblemSink) -> None:
    """Give each node the scope of the first path that reaches it; another path must bring the same."""
    scopes = structure.scopes
    shared: set[int] = set()

    def enter(target: int, scope: ScopeId) -> bool:
        if scopes.get(target, _UNKNOWN) == _UNKNOWN:
            scopes[target] = scope
        if scope in (_UNKNOWN, scopes[target]):
            return True
        if target not in shared:
            shared.add(target)
            message = "paths of different scopes meet at this node; a branch is left by its fork's join alone"
            problems.add(graph.nodes[target].place, "shared-between-scopes", message)
        return False

    for index, entry in enumerate(graph.entries):
        if not isinstance(graph.nodes[entry].node, JoinNode):
            enter(entry, ROOT_SCOPE)
        elif entry in structure.fork_of:
            message = "a join is no entry point: it is for the branches of its fork"
            problems.add(((graph.place, "entryPoints"), index), "foreign-join", message)
    for at in order:
        node = graph.nodes[at]
        if at in shared:
            scopes[at] = _UNKNOWN
        scope = scopes.setdefault(at, ROOT_SCOPE)
        if at in structure.join_of:
            scopes[structure.join_of[at]] = scope
        for edge in node.edges:
            if edge.guard == JOIN or edge.target == _CUT:
                continue
            inner = scope
            if edge.guard.startswith(BRANCH):
                inner = branch_scope(node.id, edge.guard.removeprefix(BRANCH))
                structure.parents[inner] = (at, scope)
            target = graph.nodes[edge.target].node
            if isinstance(target, JoinNode):
                _enter_join(graph, structure, at, edge.target, inner, problems)
                around = structure.parents.get(inner)
                if around is None or structure.fork_of.get(edge.target) != around[0]:
                    edge.target = _CUT
            elif not enter(edge.target, inner):
                edge.target = _CUT


def _enter_join(
    graph: Graph, structure: Structure, source: int, join: int, scope: ScopeId, problems: ProblemSink
) -> None:
    fork = structure.fork_of.get(join)
    if fork is None or scope == _UNKNOWN:
        return  # the join has no fork, or too many, or the node is in two scopes: that is the fault
    around = structure.parents.get(scope)
    if around is not None and (around[0] == fork or around[0] not in structure.join_of):
        return
    edge = next(edge for edge in graph.nodes[source].edges if edge.target == join)
    message = "the join is for the branches of its own fork; end at the join of this branch's fork"
    problems.add(edge.place, "foreign-join", message)


def _report_missed_joins(graph: Graph, structure: Structure, problems: ProblemSink) -> None:
    def onward(at: int) -> list[int] | None:
        node = graph.nodes[at]
        if isinstance(node.node, ForkNode):
            return [structure.join_of[at]] if at in structure.join_of else None
        if node.node is None or isinstance(node.node, FailNode) or structure.scopes.get(at) == _UNKNOWN:
            return None
        return [
            edge.target for edge in node.edges if edge.guard in (SUCCESS, ALWAYS) or edge.guard.startswith(CONDITION)
        ]

    for fork, join in structure.join_of.items():
        for edge in graph.nodes[fork].edges:
            if not edge.guard.startswith(BRANCH):
                continue
            end = missing_end(edge.target, join, onward)
            if end is not None:
                message = f"branch {edge.guard.removeprefix(BRANCH)!r} ends here without an edge to its join"
                problems.add(graph.nodes[end].place, "branch-misses-join", message)


def _report_deep_forks(graph: Graph, structure: Structure, limits: Limits, problems: ProblemSink) -> None:
    depths: dict[ScopeId, int] = {ROOT_SCOPE: 0}
    for scope, (_, parent) in structure.parents.items():  # a scope comes after the scope around it
        depths[scope] = depths.get(parent, 0) + 1
    for index, entry in enumerate(graph.nodes):
        scope = structure.scopes.get(index, ROOT_SCOPE)
        if isinstance(entry.node, ForkNode) and depths.get(scope, 0) == limits.fork_nesting:
            message = f"forks nest at most {limits.fork_nesting} deep; put the inner ones into the body of a call"
            problems.add(entry.place, "nested-fork-depth-exceeded", message)


def _check_pointers(graph: Graph, structure: Structure, problems: ProblemSink) -> None:
    named = _named(graph)
    names = Counter(entry.node.id for entry in graph.nodes if entry.node is not None)
    for index, entry in enumerate(graph.nodes):
        if entry.node is not None and entry.node.id is not None and named[entry.node.id] != index:
            message = f"another node has the name {entry.node.id!r}; a pointer could not tell them apart"
            problems.add((entry.place, "name"), "duplicate-id", message)
    is_whole = all(entry.node is not None for entry in graph.nodes)
    for index, entry in enumerate(graph.nodes):
        if entry.node is None:
            continue
        for name, place in pointers_of(entry.node, entry.place):
            target = named.get(name)
            if target is None:
                if is_whole:
                    problems.add(place, "unknown-ref", f"no node of this DAG has the name {shown(name)}")
            elif names[name] <= 1 and _is_in_other_branch(structure, target, index):
                message = f"{shown(name)} stands in another branch of a fork around this node, which may not have run"
                problems.add(place, "unknown-ref", message)


def _named(graph: Graph) -> Mapping[str, int]:
    named: dict[str, int] = {}
    for index, entry in enumerate(graph.nodes):
        if entry.node is not None and entry.node.id is not None:
            named.setdefault(entry.node.id, index)
    for index, entry in enumerate(graph.nodes):
        if isinstance(entry.node, JoinNode) and entry.node.id is None:
            named.setdefault(entry.node.join_node_id, index)
    return named


def _is_in_other_branch(structure: Structure, theirs: int, ours: int) -> bool:
    """Whether some fork has the two in different branches."""
    around_us = _branches_around(structure, ours)
    return any(around_us.get(fork, scope) != scope for fork, scope in _branches_around(structure, theirs).items())


def _branches_around(structure: Structure, at: int) -> dict[int, ScopeId]:
    scope = structure.scopes.get(at, ROOT_SCOPE)
    branches: dict[int, ScopeId] = {}
    while scope in structure.parents:
        fork, parent = structure.parents[scope]
        branches[fork] = scope
        scope = parent
    return branches
