"""From a Spec back to its document, without defaults, and to JSON text: `check_spec` gives the Spec back. Iterative, as
Specs are deep.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, assert_never

from waygrid_core.condition.expression import Condition
from waygrid_core.extension.field_values import write_fields
from waygrid_core.model.duration import write_duration
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.policy.retry import NoRetry, RetryPolicy
from waygrid_core.spec.conditions import write_condition
from waygrid_core.spec.extended import write_extension
from waygrid_core.spec.guarantees import write_guarantee
from waygrid_core.spec.node import (
    DEFAULT_EACH_AT_MOST,
    AwaitNode,
    Body,
    BodyNode,
    CallNode,
    ConditionalEdge,
    DagBody,
    EachNode,
    Ends,
    ExtensionNode,
    FailNode,
    ForkNode,
    Hole,
    JoinNode,
    LoopNode,
    Node,
    PassNode,
    Reference,
    Spec,
    StandardNode,
)
from waygrid_core.spec.policies import (
    write_delivery_strategy,
    write_join_strategy,
    write_repeat_policy,
    write_retry_policy,
)
from waygrid_core.spec.templates import write_leaf, write_operand, write_parameter, write_template

Document: TypeAlias = dict[str, JsonValue]
Pending: TypeAlias = list[tuple[Node | Body, Document]]
"""Parts still to be written, each with the object, already in its place, that it fills."""


def write_spec(spec: Spec) -> JsonValue:
    """The document of a Spec.

    Raises `ValueError` if it has a `Hole`, which has no document.
    """
    document: Document = {}
    pending: Pending = []
    _write_whole(spec, document, pending)
    while pending:
        part, into = pending.pop()
        match part:
            case Spec():
                _write_inner(part, into, pending)
            case DagBody(dag=dag):
                into["dag"] = dag
            case Reference(ref=ref):
                into["ref"] = ref
            case Hole(pointer=pointer):
                raise ValueError(f"the node at {pointer!r} could not be read, so it cannot be written")
            case _:
                _write_node(part, into, pending)
    return document


def _write_whole(spec: Spec, into: Document, pending: Pending) -> None:
    if spec.name is not None:
        into["name"] = spec.name
    if spec.description is not None:
        into["description"] = spec.description
    if not isinstance(spec.repeat_policy, NoRepeat):
        into["repeatPolicy"] = write_repeat_policy(spec.repeat_policy)
    if spec.timeout is not None:
        into["timeout"] = write_duration(spec.timeout)
    into["entryPoints"] = [_later(node, pending) for node in spec.entry_points]
    if spec.on_end is not None:
        into["onEnd"] = _later(spec.on_end, pending)
    if spec.guards:
        into["guards"] = [write_extension(guard) for guard in spec.guards]
    if spec.signals:
        into["signals"] = [write_extension(signal) for signal in spec.signals]
    if spec.guarantees:
        into["guarantees"] = [write_guarantee(guarantee) for guarantee in spec.guarantees]


def _write_inner(spec: Spec, into: Document, pending: Pending) -> None:
    """A body or an onEnd: as one node, if it was written so and is no more than that."""
    if spec.is_node and spec == Spec(entry_points=spec.entry_points) and len(spec.entry_points) == 1:
        pending.append((spec.entry_points[0], into))
    else:
        _write_whole(spec, into, pending)


def _later(part: Node | Body, pending: Pending) -> Document:
    into: Document = {}
    pending.append((part, into))
    return into


def _write_node(
    node: StandardNode | PassNode | FailNode | ForkNode | JoinNode | AwaitNode | BodyNode | ExtensionNode,
    into: Document,
    pending: Pending,
) -> None:
    into["type"] = node.kind.name if isinstance(node, ExtensionNode) else TYPES[type(node)]
    if node.id is not None:
        into["id"] = node.id
    if node.label is not None:
        into["label"] = node.label
    if node.description is not None:
        into["description"] = node.description
    match node:
        case StandardNode():
            into["address"] = str(node.address)
            if node.parameters:
                into["parameters"] = {name: write_parameter(value) for name, value in node.parameters.items()}
            _write_task(node, into)
        case PassNode():
            if node.output is not None:
                into["output"] = write_template(node.output)
            _write_delivery(node.delivery_strategy, into)
        case FailNode():
            into["code"] = write_operand(node.code)
            if node.message is not None:
                into["message"] = write_operand(node.message)
            return
        case ForkNode():
            into["joinNodeId"] = node.join_node_id
            if node.concurrency is not None:
                into["concurrency"] = node.concurrency
            into["branches"] = {name: _later(branch, pending) for name, branch in node.branches.items()}
            if node.join is not None:
                into["join"] = _later(node.join, pending)
            return
        case JoinNode():
            into["joinNodeId"] = node.join_node_id
            if node.strategy is not None:
                into["strategy"] = write_join_strategy(node.strategy)
            if node.timeout is not None:
                into["timeout"] = write_duration(node.timeout)
            _write_ends(node.ends, into, pending)
            return
        case AwaitNode():
            into["event"] = node.event
            if node.key is not None:
                into["key"] = write_operand(node.key)
            if node.timeout is not None:
                into["timeout"] = write_duration(node.timeout)
        case CallNode() | EachNode() | LoopNode():
            _write_body_node(node, into, pending)
        case ExtensionNode():
            into.update(write_fields(node.kind))
            _write_task(node, into)
        case _:
            assert_never(node)
    _write_conditions(node.on_conditions, into, pending)
    _write_ends(node.ends, into, pending)


def _write_body_node(node: BodyNode, into: Document, pending: Pending) -> None:
    match node:
        case CallNode():
            pass
        case EachNode():
            into["over"] = write_leaf(node.over)
            if node.strategy is not None:
                into["strategy"] = write_join_strategy(node.strategy)
            if node.concurrency is not None:
                into["concurrency"] = node.concurrency
            if node.at_most != DEFAULT_EACH_AT_MOST:
                into["atMost"] = node.at_most
        case LoopNode():
            into["until"] = write_condition(node.until)
            into["atMost"] = node.at_most
            if node.every is not None:
                into["every"] = write_duration(node.every)
        case _:
            assert_never(node)
    into["body"] = _later(node.body, pending)
    _write_task(node, into)


def _write_task(node: StandardNode | BodyNode | ExtensionNode, into: Document) -> None:
    if node.input is not None:
        into["input"] = write_template(node.input)
    _write_retry(node.retry_policy, into)
    _write_delivery(node.delivery_strategy, into)
    if node.timeout is not None:
        into["timeout"] = write_duration(node.timeout)


def _write_retry(policy: RetryPolicy, into: Document) -> None:
    if not isinstance(policy, NoRetry):
        into["retryPolicy"] = write_retry_policy(policy)


def _write_delivery(strategy: DeliveryStrategy, into: Document) -> None:
    if not isinstance(strategy, Immediate):
        into["deliveryStrategy"] = write_delivery_strategy(strategy)


def _write_conditions(edges: tuple[ConditionalEdge, ...], into: Document, pending: Pending) -> None:
    if edges:
        into["onConditions"] = [_write_edge(edge.condition, edge.to, pending) for edge in edges]


def _write_edge(condition: Condition, to: Node, pending: Pending) -> JsonValue:
    return {"condition": write_condition(condition), "to": _later(to, pending)}


def _write_ends(ends: Ends, into: Document, pending: Pending) -> None:
    for name, end in (
        ("onSuccess", ends.on_success),
        ("onFailure", ends.on_failure),
        ("onTimeout", ends.on_timeout),
        ("always", ends.always),
    ):
        if end is not None:
            into[name] = _later(end, pending)


TYPES: Final[Mapping[type, str]] = {
    StandardNode: "standard",
    PassNode: "pass",
    FailNode: "fail",
    ForkNode: "fork",
    JoinNode: "join",
    AwaitNode: "await",
    CallNode: "call",
    EachNode: "each",
    LoopNode: "loop",
}
"""The word that a document has for each type of node."""

_scalar: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def write_json_text(document: JsonValue, indent: int | None = None) -> str:
    """`document` as JSON; with `indent` on lines of their own, without it on one line and close together.

    Raises `ValueError` for a number that JSON does not have.
    """
    written: list[str] = []
    colon = ":" if indent is None else ": "
    # Each open array or object: its values still to come, how it closes, and whether it is an object.
    open_values: list[Iterator[tuple[str | None, JsonValue]]] = [iter([(None, document)])]
    closings = [""]
    comma = False
    while open_values:
        step = next(open_values[-1], None)
        if step is None:
            open_values.pop()
            closing = closings.pop()
            if comma and closing and indent is not None:
                written.append("\n" + " " * (indent * (len(closings) - 1)))
            written.append(closing)
            comma = True
            continue
        name, value = step
        if comma:
            written.append(",")
        if indent is not None and len(closings) > 1:
            written.append("\n" + " " * (indent * (len(closings) - 1)))
        if name is not None:
            written.append(_scalar(name) + colon)
        if isinstance(value, dict):
            written.append("{")
            open_values.append(iter(value.items()))
            closings.append("}")
            comma = False
        elif isinstance(value, list | tuple):
            written.append("[")
            open_values.append((None, item) for item in value)
            closings.append("]")
            comma = False
        else:
            written.append(_scalar(value))
            comma = True
    return "".join(written)
