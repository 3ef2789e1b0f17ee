"""What drawings say of nodes and edges: short words for people."""

from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

from attrs import frozen

from waygrid_core.condition.expression import (
    AllOf,
    Always,
    AnyOf,
    Condition,
    JsonCompare,
    JsonEquals,
    JsonExists,
    Not,
)
from waygrid_core.condition.pointer import write_pointer
from waygrid_core.dag.dag import CompiledDag, Dag, DagAnnotations
from waygrid_core.dag.edge import BRANCH, CONDITION, JOIN, SUCCESS, Guard
from waygrid_core.dag.flat_writing import type_of
from waygrid_core.dag.naming import body_annotations, on_end_annotations
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
    body_of,
)
from waygrid_core.extension.asked_kinds import address_of
from waygrid_core.extension.extension import ConditionRule, Extension, JoinRule, NodeKind, RetryRule
from waygrid_core.extension.field_values import write_fields
from waygrid_core.model.address import INBOX
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.duration import write_duration
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import Immediate, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import And, JoinStrategy, Or, Quorum
from waygrid_core.policy.retry import CountedRetry, NoRetry
from waygrid_core.template.pointer import write_data_pointer, write_text
from waygrid_core.template.template import Constant, FromLeaf, LiteralLeaf, Operand, TextLeaf

_OPERATORS: Final = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "ne": "≠", "contains": "contains", "in": "in"}
_LONGEST: Final = 40  # characters of a condition or a value that a drawing shows

NodeType: TypeAlias = str

OWN: Final = "own"
"""The form of every node of a user's kind: drawings cannot know one by one what users call theirs."""


@frozen
class Caption:
    """`title` is what people call the node, `kind` its type, `details` what sets it apart."""

    title: str
    kind: NodeType
    details: tuple[str, ...]
    form: NodeType
    """How it is drawn: its type, or `OWN`."""

    @property
    def subtitle(self) -> str:
        """Kind and details on one line."""
        return " · ".join((self.kind, *self.details))


@frozen
class Panel:
    """One DAG to be drawn: the whole, or a body. `caption` says whose body it is."""

    dag: Dag
    annotations: DagAnnotations
    caption: str
    key: str
    """Tells panels of one drawing apart: letters, digits and `_`."""


def panels_of(compiled: CompiledDag) -> tuple[Panel, ...]:
    """The DAG, then its bodies and follow-ups, each once, in the order in which somebody reads them."""
    panels = [Panel(compiled.dag, compiled.annotations, compiled.annotations.name or "", "d0")]
    drawn: set[DagHash] = {compiled.dag.hash}
    for panel in panels:
        for dag_hash, annotations, caption in _inner(panel):
            if dag_hash not in drawn and dag_hash in compiled.bodies:
                drawn.add(dag_hash)
                panels.append(Panel(compiled.bodies[dag_hash], annotations, caption, f"d{len(panels)}"))
    return tuple(panels)


def _inner(panel: Panel) -> list[tuple[DagHash, DagAnnotations, str]]:
    inner: list[tuple[DagHash, DagAnnotations, str]] = []
    for node in panel.dag.nodes.values():
        body = body_of(node)
        if body is not None:
            title = caption_of(panel, node).title
            inner.append((body, body_annotations(panel.annotations, node.id), f"body of {title}"))
    if panel.dag.on_end is not None:
        inner.append((panel.dag.on_end, on_end_annotations(panel.annotations), "at the end"))
    return inner


def caption_of(panel: Panel, node: DagNode) -> Caption:
    """The caption of a node: its label, else its author's id, else what it is."""
    annotation = panel.annotations.nodes.get(node.id)
    label = None if annotation is None else annotation.label
    title = label or panel.dag.author_ids.get(node.id)
    details = list(_details(node))
    if title is None:
        title = _plain_title(node)
    elif isinstance(node, TaskNode) and isinstance(node.work, ServiceWork):
        details.insert(0, node.work.address.short)
    kind = type_of(node)
    is_own = isinstance(node, TaskNode) and isinstance(node.work, ExtensionWork)
    return Caption(title, kind, tuple(details), OWN if is_own else kind)


def _plain_title(node: DagNode) -> str:
    match node:
        case TaskNode(work=ServiceWork(address=address)):
            return address.short
        case TaskNode(work=AwaitWork(event=event)):
            return event
        case FailNode(code=code):
            return shorten(_operand(code).strip('"'))
        case ForkNode(join_node_id=join_node_id) | JoinNode(join_node_id=join_node_id):
            return join_node_id
        case PassNode() | TaskNode():
            return type_of(node)
        case _:
            assert_never(node)


def _details(node: DagNode) -> list[str]:
    details: list[str] = []
    match node:
        case TaskNode():
            match node.work:
                case AwaitWork(event=event):
                    details.append(f"for {event}")
                case EachWork(over=over, strategy=strategy, concurrency=concurrency):
                    details.append(f"over {_operand(over)}")
                    if strategy != And():
                        details.append(describe_strategy(strategy))
                    if concurrency is not None:
                        details.append(f"{concurrency} at once")
                case LoopWork(until=until, at_most=at_most):
                    details.append(f"until {describe(until)}, at most {at_most}")
                case ExtensionWork(kind=kind):
                    details += _said_by(kind)
                case ServiceWork() | CallWork():
                    pass
            if not isinstance(node.retry_policy, NoRetry):
                details.append(_describe_retries(node.retry_policy))
        case ForkNode(concurrency=concurrency):
            details.append(f"{len(node.branches)} branches")
            if concurrency is not None:
                details.append(f"{concurrency} at once")
        case JoinNode(strategy=strategy):
            details.append(describe_strategy(strategy))
        case PassNode() | FailNode():
            pass
        case _:
            assert_never(node)
    if isinstance(node, TaskNode | PassNode):
        match node.delivery_strategy:
            case ScheduleAfter(delay=delay):
                details.append(f"after {write_duration(delay) if isinstance(delay, timedelta) else _operand(delay)}")
            case ScheduleAt(time=time):
                details.append(f"at {write_instant(time) if isinstance(time, datetime) else _operand(time)}")
            case Immediate():
                pass
            case _:
                assert_never(node.delivery_strategy)
    if isinstance(node, TaskNode | JoinNode) and node.timeout is not None:
        details.append(f"timeout {write_duration(node.timeout)}")
    return details


def _said_by(kind: NodeKind) -> list[str]:
    """The fields of a user's kind that are not as its class has them by default, and whom it asks."""
    asked = address_of(kind)
    details = [] if asked == INBOX else [asked.short]
    return [*details, *(shorten(f"{name} {_plain(value)}") for name, value in write_fields(kind).items())]


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else canonical_json(value).decode("utf-8", "replace")


def describe_guard(node: DagNode, guard: Guard) -> str:
    """What an edge says; of the plain way on, nothing."""
    if guard.startswith(CONDITION) and isinstance(node, TaskNode | PassNode):
        return describe(node.routes.conditions[int(guard.removeprefix(CONDITION))][0])
    if guard.startswith(BRANCH):
        return guard.removeprefix(BRANCH)
    if guard == SUCCESS:
        return "else" if isinstance(node, TaskNode | PassNode) and node.routes.conditions else ""
    return "" if guard == JOIN else guard


def describe_strategy(strategy: JoinStrategy) -> str:
    """How a join is decided."""
    match strategy:
        case And(of=None):
            return "all"
        case And(of=of):
            return shorten(f"all of {', '.join(of or ())}")
        case Or():
            return "first"
        case Quorum(n=n):
            return f"{n if isinstance(n, int) else _operand(n)} of them"
        case JoinRule():
            return describe_extension(strategy)
        case _:
            assert_never(strategy)


def describe_extension(extension: Extension) -> str:
    """An extension in a few words: its name, and its fields as a document has them."""
    said = ", ".join(f"{name} {_plain(value)}" for name, value in write_fields(extension).items())
    return shorten(f"{extension.name}: {said}" if said else extension.name)


def _describe_retries(policy: CountedRetry | RetryRule) -> str:
    if isinstance(policy, RetryRule):
        return f"retries by {describe_extension(policy)}"
    return f"{policy.max_retries} retries"


def describe(condition: Condition) -> str:
    """A condition in a few words."""
    return shorten(_describe(condition))


def _describe(condition: Condition) -> str:
    match condition:
        case Always():
            return "always holds"
        case JsonExists(pointer=pointer):
            return f"has {write_pointer(pointer) or 'output'}"
        case JsonEquals(pointer=pointer, value=value):
            return f"{write_pointer(pointer) or 'output'} = {_operand(value)}"
        case JsonCompare(pointer=pointer, op=op, value=value):
            return f"{write_pointer(pointer) or 'output'} {_OPERATORS[op]} {_operand(value)}"
        case Not(cond=inner):
            return f"not {_describe(inner)}"
        case AllOf(all=members):
            return " and ".join(_describe(member) for member in members)
        case AnyOf(any=members):
            return " or ".join(_describe(member) for member in members)
        case ConditionRule():
            return describe_extension(condition)
        case _:
            assert_never(condition)


def _operand(operand: Operand) -> str:
    match operand:
        case Constant(value=value) | LiteralLeaf(value=value):
            return canonical_json(value).decode("utf-8", "replace")
        case FromLeaf(pointers=pointers):
            return " else ".join(write_data_pointer(pointer) for pointer in pointers)
        case TextLeaf():
            return write_text(operand)
        case _:
            assert_never(operand)


def shorten(text: str) -> str:
    """At most as much of a text as a drawing has room for."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
