"""Guarantees name nodes as scenarios do, nodes of bodies too; a name that names nothing is a fault."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from waygrid_core.compile.draft import NOWHERE, Draft
from waygrid_core.dag.dag import CompiledDag, DagAnnotations
from waygrid_core.dag.named_nodes import PlacedNode
from waygrid_core.dag.node import DagNode, TaskNode
from waygrid_core.dag.node import JoinNode as DagJoinNode
from waygrid_core.model.address import INBOX, WAYSTATION
from waygrid_core.model.identifiers import DagHash
from waygrid_core.spec.node import (
    AtMost,
    AwaitNode,
    CallNode,
    DagBody,
    EachNode,
    JoinNode,
    LoopNode,
    NeverBefore,
    Spec,
    StandardNode,
)
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink

MayHold: TypeAlias = Callable[[str], bool]
"""Whether a name may stand in a part that could not be read."""


def check_guarantees(
    draft: Draft, dags: Mapping[DagHash, CompiledDag], may_hold: MayHold, problems: ProblemSink
) -> None:
    """Report every name in the guarantees of this Spec that no node has, here or in a body."""
    if not draft.spec.guarantees:
        return
    for name, place in _names_in(draft.spec, draft.place):
        if not _is_known(draft, dags, name) and not may_hold(name.rpartition("/")[2]) and not may_hold(name):
            message = f"no node is called {name!r}; write its id, else its label, else its address without scheme"
            problems.add(place, "unknown-ref", message)


def _names_in(spec: Spec, place: Place) -> Iterator[tuple[str, Place]]:
    for index, guarantee in enumerate(spec.guarantees):
        at: Place = ((place, "guarantees"), index)
        match guarantee:
            case NeverBefore(dispatch=dispatch, succeeded=succeeded):
                yield dispatch, ((at, "never"), "dispatch")
                yield succeeded, (((at, "never"), "before"), "succeeded")
            case AtMost(dispatch=dispatch):
                yield dispatch, ((at, "atMost"), "dispatch")


def _is_known(draft: Draft, dags: Mapping[DagHash, CompiledDag], name: str) -> bool:
    """Whether some node is called that. A parent's name may have slashes itself, so every split is tried."""
    waiting: list[tuple[Draft | tuple[CompiledDag, DagHash], DagAnnotations | None, str]] = [(draft, None, name)]
    while waiting:
        at, said, rest = waiting.pop()
        if isinstance(at, Draft):
            for use in at.bodies:
                parent = "onEnd" if use.vertex == NOWHERE else name_of(at.vertices[use.vertex].node)
                if parent is None or not rest.startswith(f"{parent}/"):
                    continue
                inner = rest[len(parent) + 1 :]
                if use.draft is not None:
                    waiting.append((use.draft, None, inner))
                elif isinstance(use.body, DagBody):
                    compiled = dags.get(use.body.dag)
                    if compiled is None:
                        return True  # that is reported already
                    waiting.append(((compiled, compiled.dag.hash), compiled.annotations, inner))
            if any(name_of(vertex.node) == rest for vertex in at.vertices):
                return True
            continue
        compiled, dag_hash = at
        dag = compiled.dag if dag_hash == compiled.dag.hash else compiled.bodies.get(dag_hash)
        if dag is None:
            continue
        for node in dag.nodes.values():
            annotation = None if said is None else said.nodes.get(node.id)
            called = _name_in_dag(node, dag.author_ids.get(node.id), None if annotation is None else annotation.label)
            if called == rest:
                return True
            body = getattr(node.work, "body", None) if isinstance(node, TaskNode) else None
            if body is not None and called is not None and rest.startswith(f"{called}/"):
                below = None if annotation is None else annotation.body
                waiting.append(((compiled, body), below, rest[len(called) + 1 :]))
        if dag.on_end is not None and rest.startswith("onEnd/"):
            below = None if said is None else said.on_end
            waiting.append(((compiled, dag.on_end), below, rest.removeprefix("onEnd/")))
    return False


def name_of(node: PlacedNode) -> str | None:
    """What scenarios and guarantees call a node: its id, else its label, else its address without scheme."""
    if node.id is not None:
        return node.id
    if isinstance(node, JoinNode):
        return node.join_node_id
    if node.label is not None:
        return node.label
    match node:
        case StandardNode(address=address):
            return address.short
        case AwaitNode():
            return INBOX.short
        case CallNode() | EachNode() | LoopNode():
            return WAYSTATION.short
        case _:
            return None


def _name_in_dag(node: DagNode, author_id: str | None, label: str | None) -> str | None:
    if author_id is not None:
        return author_id
    if isinstance(node, DagJoinNode):
        return node.join_node_id
    if label is not None:
        return label
    return node.address.short if isinstance(node, TaskNode) else None
