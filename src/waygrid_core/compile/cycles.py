"""No token comes back to where it was: a graph has no cycle, and what is to happen again is a loop."""

from waygrid_core.compile.draft import NOWHERE, Draft, Vertex
from waygrid_core.compile.guarantees import name_of
from waygrid_core.compile.scopes import just_ends
from waygrid_core.dag.paths import SHOWN, closing_edges, describe_cycle
from waygrid_core.spec.node import ForkNode, Reference
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.write import TYPES


def cut_cycles(draft: Draft, problems: ProblemSink) -> None:
    """Report and cut every edge that closes a cycle."""
    vertices = draft.vertices
    successors = [[edge.target for edge in vertex.edges] for vertex in vertices]
    for source, join in _inline_flows(draft).items():
        successors[source].append(join)
    for closing in closing_edges(successors):
        names = [_name(vertices[vertex]) for vertex in closing.cycle[:SHOWN]]
        message = describe_cycle(names, len(closing.cycle))
        edges = vertices[closing.source].edges
        if closing.index == len(edges):  # the flow from the end of a branch into the inline join
            problems.add(vertices[closing.source].place, "cycle", message)
            continue
        edge = edges[closing.index]
        problems.add((edge.place, "ref") if isinstance(edge.to, Reference) else edge.place, "cycle", message)
        edge.target, edge.is_cut = NOWHERE, True


def _inline_flows(draft: Draft) -> dict[int, int]:
    """From where a branch just ends to the inline join that it flows into."""
    inline = {
        join_node_id: draft.joins[join_node_id].vertex
        for join_node_id, forks in draft.forks.items()
        if len(forks) == 1 and join_node_id in draft.joins and _is_inline(draft.vertices[forks[0]])
    }
    if not inline:
        return {}
    flows: dict[int, int] = {}
    for index, vertex in enumerate(draft.vertices):
        join_node_id = draft.scopes[vertex.scope].join_node_id
        if join_node_id in inline and just_ends(vertex):
            flows[index] = inline[join_node_id]
    return flows


def _is_inline(fork: Vertex) -> bool:
    return isinstance(fork.node, ForkNode) and fork.node.join is not None


def _name(vertex: Vertex) -> str:
    """What people call the node; of one that nobody named, what kind of node it is."""
    if isinstance(vertex.node, ForkNode):
        return vertex.node.id or vertex.node.join_node_id
    return name_of(vertex.node) or TYPES[type(vertex.node)]
