"""Scopes: a token stays in its branch until it reaches the join of its fork."""

from functools import partial
from typing import Final

from waygrid_core.compile.draft import NOWHERE, Draft, Vertex
from waygrid_core.dag.edge import ALWAYS, CONDITION, SUCCESS
from waygrid_core.dag.paths import missing_end
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import FailNode, ForkNode, JoinNode
from waygrid_core.spec.problem import ProblemSink

_ON_SUCCESS: Final = (SUCCESS, ALWAYS)


def just_ends(vertex: Vertex) -> bool:
    """Whether the scope ends in success when this node succeeds."""
    if isinstance(vertex.node, ForkNode | FailNode):
        return False
    return not any(edge.guard in _ON_SUCCESS or edge.guard.startswith(CONDITION) for edge in vertex.edges)


def report_shared_nodes(draft: Draft, problems: ProblemSink) -> None:
    """A node belongs to the scope in which it is written; a reference from another one is a fault, once a node."""
    reported: set[int] = set()
    for edge in draft.references:
        if edge.target == NOWHERE:
            continue
        vertex = draft.vertices[edge.target]
        if isinstance(vertex.node, JoinNode) or vertex.scope == edge.scope:
            continue
        if (
            not _is_in_limbo(draft, edge.scope)
            and not _is_in_limbo(draft, vertex.scope)
            and edge.target not in reported
        ):
            reported.add(edge.target)
            message = (
                "the node of that id stands in another branch, or outside this one; "
                "a path cannot enter or leave a branch but by its fork and its join"
            )
            problems.add((edge.place, "ref"), "shared-between-scopes", message)
        edge.target, edge.is_cut = NOWHERE, True


def _is_in_limbo(draft: Draft, scope: int) -> bool:
    while scope != NOWHERE:
        if draft.scopes[scope].is_limbo:
            return True
        scope = draft.scopes[scope].parent
    return False


def report_missed_joins(draft: Draft, problems: ProblemSink) -> None:
    """Every success path of a branch reaches the join, unless the fork has it inside. Once a branch."""
    for join_node_id, forks in draft.forks.items():
        slot = draft.joins.get(join_node_id)
        fork = draft.vertices[forks[0]]
        if len(forks) > 1 or slot is None or not isinstance(fork.node, ForkNode) or fork.node.join is not None:
            continue
        for edge in fork.edges:
            end = missing_end(edge.target, slot.vertex, partial(_onward, draft))
            if end is not None:
                name = edge.guard.partition(":")[2]
                message = (
                    f"branch {name!r} ends here without reaching its join; "
                    f'go on to {{"type": "join", "joinNodeId": "{join_node_id}"}}'
                )
                problems.add(draft.vertices[end].place, "branch-misses-join", message)


def _onward(draft: Draft, at: int) -> list[int] | None:
    """Where a success at a vertex leads; see `missing_end`."""
    vertex = draft.vertices[at]
    if isinstance(vertex.node, ForkNode):
        slot = draft.joins.get(vertex.node.join_node_id)
        is_paired = slot is not None and len(draft.forks[vertex.node.join_node_id]) == 1
        return [slot.vertex] if slot is not None and is_paired else None
    if isinstance(vertex.node, FailNode):
        return None
    return [edge.target for edge in vertex.edges if edge.guard in _ON_SUCCESS or edge.guard.startswith(CONDITION)]


def report_deep_forks(draft: Draft, limits: Limits, problems: ProblemSink) -> None:
    """Forks nest only so deep. The outermost one that stands too deep is the fault."""
    for forks in draft.forks.values():
        for fork in forks:
            if draft.scopes[draft.vertices[fork].scope].depth == limits.fork_nesting:
                message = f"forks nest at most {limits.fork_nesting} deep; put the inner ones into the body of a call"
                problems.add(draft.vertices[fork].place, "nested-fork-depth-exceeded", message)
