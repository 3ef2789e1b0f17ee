"""No token comes back to where it was: a graph has no cycle, and what is to happen again is a loop."""

from typing import Final

from waygrid_core.compile.draft import NOWHERE, Draft, Vertex
from waygrid_core.compile.scopes import just_ends
from waygrid_core.spec.node import ForkNode, JoinNode, Reference
from waygrid_core.spec.place import pointer_of
from waygrid_core.spec.problem import ProblemSink

_SHOWN: Final = 6  # nodes of a cycle that a message names from its beginning
_MAX_NAME: Final = 80  # characters of a pointer that a message repeats


def cut_cycles(draft: Draft, problems: ProblemSink) -> None:
    """Report and cut every edge that closes a cycle. A depth-first walk, with the path as its stack."""
    vertices = draft.vertices
    flows = _inline_flows(draft)
    done = [False] * len(vertices)
    height: dict[int, int] = {}  # where on the path a vertex stands
    for start in range(len(vertices)):
        if done[start] or start in height:
            continue
        path: list[int] = []
        taken: list[int] = []
        _push(start, path, taken, height)
        while path:
            at = path[-1]
            edges = vertices[at].edges
            index = taken[-1]
            taken[-1] += 1
            if index < len(edges):
                target = edges[index].target
            elif index == len(edges):
                target = flows.get(at, NOWHERE)
            else:
                path.pop()
                taken.pop()
                del height[at]
                done[at] = True
                continue
            if target == NOWHERE or done[target]:
                continue
            if target not in height:
                _push(target, path, taken, height)
                continue
            names = [_name(vertices[vertex]) for vertex in path[height[target] :][:_SHOWN]]
            more = len(path) - height[target] - len(names)
            middle = f" > ({more} more)" if more else ""
            message = f"this path leads back: {' > '.join(names)}{middle} > {names[0]}; use a loop to do work again"
            if index < len(edges):
                closing = edges[index]
                is_reference = isinstance(closing.to, Reference)
                problems.add((closing.place, "ref") if is_reference else closing.place, "cycle", message)
                closing.target, closing.is_cut = NOWHERE, True
            else:
                problems.add(vertices[at].place, "cycle", message)
                flows.pop(at)


def _push(vertex: int, path: list[int], taken: list[int], height: dict[int, int]) -> None:
    height[vertex] = len(path)
    path.append(vertex)
    taken.append(0)


def _inline_flows(draft: Draft) -> dict[int, int]:
    """From where a branch just ends to the inline join that it flows into."""
    inline = {
        join_node_id: draft.joins[join_node_id].vertex
        for join_node_id, forks in draft.forks.items()
        if len(forks) == 1 and is_inline(draft.vertices[forks[0]]) and join_node_id in draft.joins
    }
    if not inline:
        return {}
    flows: dict[int, int] = {}
    for index, vertex in enumerate(draft.vertices):
        join_node_id = draft.scopes[vertex.scope].join_node_id
        if join_node_id in inline and just_ends(vertex):
            flows[index] = inline[join_node_id]
    return flows


def is_inline(fork: Vertex) -> bool:
    """Whether the fork has its join inside."""
    return isinstance(fork.node, ForkNode) and fork.node.join is not None


def _name(vertex: Vertex) -> str:
    if vertex.node.id is not None:
        return vertex.node.id
    if isinstance(vertex.node, ForkNode | JoinNode):
        return vertex.node.join_node_id
    pointer = pointer_of(vertex.place)
    return pointer if len(pointer) <= _MAX_NAME else f"...{pointer[-_MAX_NAME:]}"
