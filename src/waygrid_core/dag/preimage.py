"""What of a node is hashed: its meaning as JSON, one form for all ways of writing it.

Defaults are left out, durations and instants are microseconds, a value is the same with and without `$literal`, a set
has an order. A pointer into another node's output says what that node is, not what it is called; `Name` gives that.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

from attrs import fields

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
from waygrid_core.extension.extension import ConditionRule, Extension, JoinRule, RetryRule
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.instant import to_microseconds
from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import And, JoinStrategy, Or, Quorum
from waygrid_core.policy.repeat import Indefinitely, NoRepeat, RepeatPolicy, Times, Until
from waygrid_core.policy.retry import NoRetry, RetryPolicy
from waygrid_core.template.template import (
    ArrayTemplate,
    Constant,
    DataPointer,
    FromLeaf,
    Leaf,
    LiteralLeaf,
    ObjectTemplate,
    ParameterTemplate,
    SecretReference,
    Template,
    TextLeaf,
)

Name: TypeAlias = Callable[[str], JsonValue]
"""What stands for the node of that author's id."""

BodyName: TypeAlias = Callable[[DagHash], JsonValue]
"""What stands for a body."""

_MICROSECOND: Final = timedelta(microseconds=1)


def as_written(name: str) -> JsonValue:
    """A node stands for itself by its author's id."""
    return name


def body_hash(dag_hash: DagHash) -> JsonValue:
    """A body stands for itself by its hash."""
    return dag_hash


def node_preimage(node: DagNode, name: Name, body: BodyName) -> dict[str, JsonValue]:
    """The meaning of a node by itself, without its id, its scope and its edges."""
    match node:
        case TaskNode():
            return _task(node, name, body)
        case PassNode():
            written: dict[str, JsonValue] = {"type": "pass"}
            if node.output is not None:
                written["output"] = template_preimage(node.output, name)
            _add_delivery(written, node.delivery_strategy, name)
            return written
        case FailNode():
            written = {"type": "fail", "code": template_preimage(node.code, name)}
            if node.message is not None:
                written["message"] = template_preimage(node.message, name)
            return written
        case ForkNode():
            written = {"type": "fork", "joinNodeId": node.join_node_id}
            if node.concurrency is not None:
                written["concurrency"] = node.concurrency
            return written
        case JoinNode():
            written = {
                "type": "join",
                "joinNodeId": node.join_node_id,
                "strategy": strategy_preimage(node.strategy, name),
            }
            if node.timeout is not None:
                written["timeout"] = duration_preimage(node.timeout)
            return written
        case _:
            assert_never(node)


def _task(node: TaskNode, name: Name, body: BodyName) -> dict[str, JsonValue]:
    written = _work(node.work, name, body)
    if node.parameters:
        written["parameters"] = parameters_preimage(node.parameters, name)
    if node.input is not None:
        written["input"] = template_preimage(node.input, name)
    if not isinstance(node.retry_policy, NoRetry):
        written["retryPolicy"] = retry_preimage(node.retry_policy)
    _add_delivery(written, node.delivery_strategy, name)
    if node.timeout is not None:
        written["timeout"] = duration_preimage(node.timeout)
    return written


def _work(work: Work, name: Name, body: BodyName) -> dict[str, JsonValue]:
    match work:
        case ServiceWork(address=address):
            return {"type": "standard", "address": str(address)}
        case AwaitWork(event=event, key=key):
            written: dict[str, JsonValue] = {"type": "await", "event": event}
            if key is not None:
                written["key"] = template_preimage(key, name)
            return written
        case CallWork(body=dag_hash):
            return {"type": "call", "body": body(dag_hash)}
        case EachWork():
            written = {
                "type": "each",
                "body": body(work.body),
                "over": template_preimage(work.over, name),
                "strategy": strategy_preimage(work.strategy, name),
                "atMost": work.at_most,
            }
            if work.concurrency is not None:
                written["concurrency"] = work.concurrency
            return written
        case LoopWork():
            written = {
                "type": "loop",
                "body": body(work.body),
                "until": condition_preimage(work.until, name),
                "atMost": work.at_most,
            }
            if work.every is not None:
                written["every"] = duration_preimage(work.every)
            return written
        case ExtensionWork(kind=kind):
            return {"type": extension_preimage(kind)}
        case _:
            assert_never(work)


def extension_preimage(extension: Extension) -> JsonValue:
    """An extension by its name and version, with what it says of itself."""
    return ["ext", extension.name, extension.version, extension.preimage()]


def template_preimage(template: Template | None, name: Name) -> JsonValue:
    """Constants stand as `[value]`, so that no data looks like a leaf."""
    match template:
        case None:
            return None
        case Constant(value=value) | LiteralLeaf(value=value):
            return [value]
        case FromLeaf(pointers=pointers, default=default):
            found: JsonValue = [_pointer(pointer, name) for pointer in pointers]
            return {"from": found} if isinstance(default, Missing) else {"from": found, "default": default}
        case TextLeaf(parts=parts):
            if all(isinstance(part, str) for part in parts):
                return ["".join(part for part in parts if isinstance(part, str))]
            return {"text": [part if isinstance(part, str) else _pointer(part, name) for part in parts]}
        case ObjectTemplate(members=members):
            written = {key: template_preimage(member, name) for key, member in members.items()}
            # A constant is one whichever way it is written: its parts are lists of one value.
            if all(isinstance(member, list) for member in written.values()):
                return [{key: member[0] for key, member in written.items() if isinstance(member, list)}]
            return {"object": written}
        case ArrayTemplate(items=items):
            items_written = [template_preimage(item, name) for item in items]
            if all(isinstance(item, list) for item in items_written):
                return [[item[0] for item in items_written if isinstance(item, list)]]
            return {"array": items_written}
        case _:
            assert_never(template)


def _pointer(pointer: DataPointer, name: Name) -> JsonValue:
    if pointer.root == "node" and pointer.node is not None:
        return {"node": name(pointer.node), "tokens": list(pointer.tokens)}
    return [pointer.root, *pointer.tokens]


def parameters_preimage(parameters: Mapping[str, ParameterTemplate], name: Name) -> JsonValue:
    """Templates by name; of a secret where it is kept, never what it is."""
    return {key: _parameter(parameter, name) for key, parameter in parameters.items()}


def _parameter(parameter: ParameterTemplate, name: Name) -> JsonValue:
    if isinstance(parameter, SecretReference):
        return {"secret": [parameter.path, parameter.field, parameter.version]}
    return template_preimage(parameter, name)


def condition_preimage(condition: Condition, name: Name) -> JsonValue:
    """A list that begins with what kind of condition it is."""
    match condition:
        case Always():
            return ["always"]
        case JsonExists(pointer=pointer):
            return ["exists", list(pointer)]
        case JsonEquals(pointer=pointer, value=value):
            return ["equals", list(pointer), template_preimage(value, name)]
        case JsonCompare(pointer=pointer, op=op, value=value):
            return [op, list(pointer), template_preimage(value, name)]
        case Not(cond=inner):
            return ["not", condition_preimage(inner, name)]
        case AllOf(all=members):
            return ["and", *(condition_preimage(member, name) for member in members)]
        case AnyOf(any=members):
            return ["or", *(condition_preimage(member, name) for member in members)]
        case ConditionRule():
            return extension_preimage(condition)
        case _:
            assert_never(condition)


def strategy_preimage(strategy: JoinStrategy, name: Name) -> JsonValue:
    """The same for a join strategy; the branches of an And are a set."""
    match strategy:
        case And(of=of):
            return ["and"] if of is None else ["and", *sorted(set(of))]
        case Or():
            return ["or"]
        case Quorum(n=n):
            return ["quorum", [n] if isinstance(n, int) else template_preimage(n, name)]
        case JoinRule():
            return extension_preimage(strategy)
        case _:
            assert_never(strategy)


def retry_preimage(policy: RetryPolicy) -> JsonValue:
    """Field by field. An empty `doNotRetry` says nothing, and an empty `retryOn` says that nothing is retried."""
    if isinstance(policy, RetryRule):
        return extension_preimage(policy)
    written: dict[str, JsonValue] = {"type": type(policy).__name__}
    for attribute in fields(type(policy)):
        value = getattr(policy, attribute.name)
        if attribute.name == "codes":
            if value.do_not_retry:
                written["doNotRetry"] = sorted(set(value.do_not_retry))
            if value.retry_on is not None:
                written["retryOn"] = sorted(set(value.retry_on))
        elif isinstance(value, timedelta):
            written[attribute.name] = duration_preimage(value)
        elif value is not None:
            written[attribute.name] = value
    return written


def _add_delivery(written: dict[str, JsonValue], strategy: DeliveryStrategy, name: Name) -> None:
    match strategy:
        case Immediate():
            pass
        case ScheduleAfter(delay=delay):
            written["delay"] = duration_preimage(delay) if isinstance(delay, timedelta) else _leaf(delay, name)
        case ScheduleAt(time=time):
            written["at"] = instant_preimage(time) if isinstance(time, datetime) else _leaf(time, name)
        case _:
            assert_never(strategy)


def _leaf(leaf: Leaf, name: Name) -> JsonValue:
    return template_preimage(leaf, name)


def repeat_preimage(policy: RepeatPolicy) -> JsonValue:
    """A list that begins with what kind of policy it is; None for no repeat."""
    match policy:
        case NoRepeat():
            return None
        case Indefinitely(every=every):
            return ["indefinitely", duration_preimage(every)]
        case Times(every=every, times=times):
            return ["times", duration_preimage(every), times]
        case Until(every=every, until=until):
            return ["until", duration_preimage(every), instant_preimage(until)]
        case _:
            assert_never(policy)


def duration_preimage(duration: timedelta) -> int:
    """Microseconds."""
    return duration // _MICROSECOND


def instant_preimage(instant: datetime) -> int:
    """Microseconds since the beginning of 1970."""
    return to_microseconds(instant)
