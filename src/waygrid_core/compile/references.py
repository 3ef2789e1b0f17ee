"""Where references lead: ids are unique in their Spec, and a reference stays in it."""

from waygrid_core.compile.draft import Draft
from waygrid_core.compile.unread import Unread
from waygrid_core.spec.node import JoinNode, Reference
from waygrid_core.spec.problem import ProblemSink


def resolve_references(draft: Draft, unread: Unread, problems: ProblemSink) -> None:
    """Give every reference its target. One to a join becomes a use of that join, for `pair_joins` to judge."""
    for node_id, vertices in draft.ids.items():
        for vertex in vertices[1:]:
            message = f"the id {node_id!r} is taken; ids are unique in their Spec, and another path meets a node by ref"
            problems.add((draft.vertices[vertex].place, "id"), "duplicate-id", message)
    for edge in draft.references:
        reference = edge.to
        assert isinstance(reference, Reference), "only references are in the list"
        found = draft.ids.get(reference.ref, ())
        if len(found) != 1:
            edge.is_cut = True
            if not found and not unread.may_hold(reference.ref):
                message = (
                    f"no node of this Spec has the id {reference.ref!r}; a ref does not reach into or out of a body"
                )
                problems.add((edge.place, "ref"), "unknown-ref", message)
            continue
        node = draft.vertices[found[0]].node
        if not isinstance(node, JoinNode):
            edge.target = found[0]
        elif node.join_node_id in draft.joins:
            draft.joins[node.join_node_id].uses.append(edge)
        else:
            edge.is_cut = True
