"""What people call the nodes of a DAG.

A name is a node's id, else its label, else its address without scheme; of a join without an id its joinNodeId. Forks
have none, nor have passes and fails that nobody named: `title_of` finds words for those too.
"""

from typing import Final, assert_never

from waygrid_core.dag.dag import Dag, DagAnnotations
from waygrid_core.dag.flat_writing import type_of
from waygrid_core.dag.node import (
    DagNode,
    FailNode,
    ForkNode,
    JoinNode,
    PassNode,
    TaskNode,
)
from waygrid_core.model.identifiers import NodeId

NO_ANNOTATIONS: Final = DagAnnotations()


def name_of(dag: Dag, annotations: DagAnnotations, node: DagNode) -> str | None:
    """The name of a node among those of its DAG; None if it has none."""
    if isinstance(node, ForkNode):
        return None
    author_id = dag.author_ids.get(node.id)
    if author_id is not None:
        return author_id
    if isinstance(node, JoinNode):
        return node.join_node_id
    annotation = annotations.nodes.get(node.id)
    if annotation is not None and annotation.label is not None:
        return annotation.label
    match node:
        case TaskNode():
            return node.address.short
        case PassNode() | FailNode():
            return None
        case _:
            assert_never(node)


def title_of(dag: Dag, annotations: DagAnnotations, node: DagNode) -> str:
    """What to call a node where each must be called something: its name, else its label, else what it is."""
    name = name_of(dag, annotations, node)
    if name is not None:
        return name
    author_id, annotation = dag.author_ids.get(node.id), annotations.nodes.get(node.id)
    label = None if annotation is None else annotation.label
    return author_id or label or (node.join_node_id if isinstance(node, ForkNode) else f"a {type_of(node)}")


def names_of(dag: Dag, annotations: DagAnnotations) -> dict[NodeId, str]:
    """The names of all nodes of a DAG that have one."""
    named = ((node.id, name_of(dag, annotations, node)) for node in dag.nodes.values())
    return {node: name for node, name in named if name is not None}


def body_annotations(annotations: DagAnnotations, node: NodeId) -> DagAnnotations:
    """What is for people in the body of a node."""
    annotation = annotations.nodes.get(node)
    return NO_ANNOTATIONS if annotation is None or annotation.body is None else annotation.body


def on_end_annotations(annotations: DagAnnotations) -> DagAnnotations:
    """What is for people in the onEnd of a DAG."""
    return NO_ANNOTATIONS if annotations.on_end is None else annotations.on_end
