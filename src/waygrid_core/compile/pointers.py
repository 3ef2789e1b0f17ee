"""Pointers into the outputs of other nodes: `/nodes/<id>/output` names a node that could have run by then.

It names a node of this Spec that is not inside another branch of a fork around the node that looks.
"""

from typing import Final

from waygrid_core.compile.draft import NOWHERE, Draft
from waygrid_core.compile.unread import Unread
from waygrid_core.dag.named_nodes import pointers_of
from waygrid_core.spec.fields import shown
from waygrid_core.spec.problem import ProblemSink

_DEEPEST: Final = 1_000


def check_pointers(draft: Draft, unread: Unread, problems: ProblemSink) -> None:
    """Report every pointer that names no node, or one that it cannot see."""
    named: dict[str, int] | None = None
    # Forks that nest beyond all bounds are a fault of their own, and are not climbed for each pointer.
    is_bounded = max(scope.depth for scope in draft.scopes) <= _DEEPEST
    for vertex in draft.vertices:
        for name, place in pointers_of(vertex.node, vertex.place):
            named = _named(draft) if named is None else named
            target = named.get(name)
            if target is None:
                if not unread.may_hold(name):
                    message = f"no node of this Spec has the id {shown(name)}"
                    problems.add(place, "unknown-ref", message)
                continue
            is_judged = is_bounded and len(draft.ids.get(name, ())) <= 1
            if is_judged and _is_in_other_branch(draft, draft.vertices[target].scope, vertex.scope):
                message = f"{shown(name)} stands in another branch of a fork around this node, which may not have run"
                problems.add(place, "unknown-ref", message)


def _named(draft: Draft) -> dict[str, int]:
    named = {name: vertices[0] for name, vertices in draft.ids.items()}
    for join_node_id, slot in draft.joins.items():
        if slot.vertex == NOWHERE:
            named.setdefault(join_node_id, draft.forks.get(join_node_id, [0])[0])
        elif draft.vertices[slot.vertex].node.id is None:
            named.setdefault(join_node_id, slot.vertex)
    return named


def _is_in_other_branch(draft: Draft, theirs: int, ours: int) -> bool:
    scopes = draft.scopes
    while theirs != ours:
        if scopes[theirs].is_limbo or scopes[ours].is_limbo:
            return False
        if scopes[theirs].depth > scopes[ours].depth:
            theirs = scopes[theirs].parent
        elif scopes[ours].depth > scopes[theirs].depth:
            ours = scopes[ours].parent
        elif scopes[theirs].fork == scopes[ours].fork:
            return True
        else:
            theirs, ours = scopes[theirs].parent, scopes[ours].parent
    return False
