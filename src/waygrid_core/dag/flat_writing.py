"""Writes the flat JSON of a DAG: one DAG, one node, annotations."""

from typing import assert_never

from waygrid_core.dag.dag import Dag, DagAnnotations, NodeAnnotation
from waygrid_core.dag.edge import CONDITION, edges_from
from waygrid_core.dag.node import (
    AwaitWork,
    CallWork,
    DagNode,
    EachWork,
    ExtensionWork,
    FailNode,
    ForkNode,
    JoinNode,
    LoopWork,
    PassNode,
    ServiceWork,
    TaskNode,
    Work,
)
from waygrid_core.extension.field_values import write_fields
from waygrid_core.model.duration import write_duration
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate
from waygrid_core.policy.join import And
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.policy.retry import NoRetry
from waygrid_core.spec.conditions import write_condition
from waygrid_core.spec.extended import write_versioned
from waygrid_core.spec.guarantees import write_guarantee
from waygrid_core.spec.node import DEFAULT_EACH_AT_MOST
from waygrid_core.spec.policies import (
    write_delivery_strategy,
    write_join_strategy,
    write_repeat_policy,
    write_retry_policy,
)
from waygrid_core.spec.templates import write_leaf, write_operand, write_parameter, write_template

Document = dict[str, JsonValue]


def write_dag(dag: Dag) -> Document:
    """One DAG: nodes in the order of their ids, edges in that of their sources."""
    written: Document = {"hash": dag.hash}
    if dag.salt:
        written["salt"] = dag.salt
    if not isinstance(dag.repeat_policy, NoRepeat):
        written["repeatPolicy"] = write_repeat_policy(dag.repeat_policy)
    if dag.timeout is not None:
        written["timeout"] = write_duration(dag.timeout)
    if dag.on_end is not None:
        written["onEnd"] = {"dag": dag.on_end}
    if dag.guards:
        written["guards"] = [write_versioned(guard) for guard in dag.guards]
    if dag.signals:
        written["signals"] = [write_versioned(signal) for signal in dag.signals]
    written["entryPoints"] = list(dag.entry_points)
    written["nodes"] = [write_node(dag.nodes[node_id], dag.author_ids.get(node_id)) for node_id in sorted(dag.nodes)]
    written["edges"] = [edge for node_id in sorted(dag.nodes) for edge in _write_edges(dag.nodes[node_id])]
    return written


def write_node(node: DagNode, author_id: str | None) -> Document:
    """One node, its fields named as in a Spec, but for `name`: the id that its author gave it."""
    written: Document = {"id": node.id, "type": type_of(node)}
    if author_id is not None:
        written["name"] = author_id
    match node:
        case TaskNode():
            _write_work(node.work, written)
            if node.parameters:
                written["parameters"] = {name: write_parameter(value) for name, value in node.parameters.items()}
            if node.input is not None:
                written["input"] = write_template(node.input)
            if not isinstance(node.retry_policy, NoRetry):
                written["retryPolicy"] = write_retry_policy(node.retry_policy, write_versioned)
            _write_delivery(node.delivery_strategy, written)
            if node.timeout is not None:
                written["timeout"] = write_duration(node.timeout)
        case PassNode():
            if node.output is not None:
                written["output"] = write_template(node.output)
            _write_delivery(node.delivery_strategy, written)
        case FailNode():
            written["code"] = write_operand(node.code)
            if node.message is not None:
                written["message"] = write_operand(node.message)
        case ForkNode():
            written["joinNodeId"] = node.join_node_id
            if node.concurrency is not None:
                written["concurrency"] = node.concurrency
        case JoinNode():
            written["joinNodeId"] = node.join_node_id
            written["strategy"] = write_join_strategy(node.strategy, write_versioned)
            if node.timeout is not None:
                written["timeout"] = write_duration(node.timeout)
        case _:
            assert_never(node)
    return written


def type_of(node: DagNode) -> str:
    """The type of a node as a Spec has it."""
    match node:
        case TaskNode(work=ServiceWork()):
            return "standard"
        case TaskNode(work=AwaitWork()):
            return "await"
        case TaskNode(work=CallWork()):
            return "call"
        case TaskNode(work=EachWork()):
            return "each"
        case TaskNode(work=ExtensionWork(kind=kind)):
            return kind.name
        case TaskNode():
            return "loop"
        case PassNode():
            return "pass"
        case FailNode():
            return "fail"
        case ForkNode():
            return "fork"
        case JoinNode():
            return "join"
        case _:
            assert_never(node)


def _write_work(work: Work, into: Document) -> None:
    match work:
        case ServiceWork(address=address):
            into["address"] = str(address)
        case AwaitWork(event=event, key=key):
            into["event"] = event
            if key is not None:
                into["key"] = write_operand(key)
        case CallWork(body=body):
            into["body"] = {"dag": body}
        case EachWork():
            into["body"] = {"dag": work.body}
            into["over"] = write_leaf(work.over)
            if not isinstance(work.strategy, And):
                into["strategy"] = write_join_strategy(work.strategy, write_versioned)
            if work.concurrency is not None:
                into["concurrency"] = work.concurrency
            if work.at_most != DEFAULT_EACH_AT_MOST:
                into["atMost"] = work.at_most
        case LoopWork():
            into["body"] = {"dag": work.body}
            into["until"] = write_condition(work.until, write_versioned)
            into["atMost"] = work.at_most
            if work.every is not None:
                into["every"] = write_duration(work.every)
        case ExtensionWork(kind=kind):
            into.update(version=kind.version, **write_fields(kind))
        case _:
            assert_never(work)


def _write_delivery(strategy: DeliveryStrategy, into: Document) -> None:
    if not isinstance(strategy, Immediate):
        into["deliveryStrategy"] = write_delivery_strategy(strategy)


def _write_edges(node: DagNode) -> list[JsonValue]:
    edges: list[JsonValue] = []
    for guard, target in edges_from(node):
        edge: Document = {"from": node.id, "to": target, "guard": guard}
        if guard.startswith(CONDITION) and isinstance(node, TaskNode | PassNode):
            condition, _ = node.routes.conditions[int(guard.removeprefix(CONDITION))]
            edge["condition"] = write_condition(condition, write_versioned)
        edges.append(edge)
    return edges


def write_annotations(annotations: DagAnnotations) -> Document:
    """What is for people; nodes by id, each with the annotations of its body."""
    written: Document = {}
    if annotations.name is not None:
        written["name"] = annotations.name
    if annotations.description is not None:
        written["description"] = annotations.description
    if annotations.nodes:
        by_id = sorted(annotations.nodes.items())
        written["nodes"] = {node_id: _write_annotation(annotation) for node_id, annotation in by_id}
    if annotations.on_end is not None:
        written["onEnd"] = write_annotations(annotations.on_end)
    if annotations.guarantees:
        written["guarantees"] = [write_guarantee(guarantee) for guarantee in annotations.guarantees]
    return written


def _write_annotation(annotation: NodeAnnotation) -> Document:
    written: Document = {}
    if annotation.label is not None:
        written["label"] = annotation.label
    if annotation.description is not None:
        written["description"] = annotation.description
    if annotation.body is not None:
        written["body"] = write_annotations(annotation.body)
    return written
