"""Specs in Python, immutable and fluent. They are the values that the parser gives for the same JSON::

    Spec.single(
        Node.standard("waygrid://processor/openai")
        .with_retry(Retry.exponential("1s", 3))
        .when(equals("/sentiment", "angry"), Node.standard("waygrid://destination/pager"))
        .on_success(Node.pass_().with_output({"answer": from_("/nodes/ask/output/text", "/input")}))
    )

A wrong argument raises `ValueError` at once, with the sentence that the parser would say. What needs the whole graph
(a reference to no node, a fork without a join) is said by the compiler.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from waygrid_core.condition.expression import (
    AllOf,
    Always,
    AnyOf,
    ComparisonOperator,
    Condition,
    Not,
)
from waygrid_core.extension.asked_kinds import fault_of
from waygrid_core.extension.extension import NodeKind
from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.outcome import Failure
from waygrid_core.policy.join import JoinStrategy
from waygrid_core.policy.repeat import RepeatPolicy
from waygrid_core.policy.retry import RetryPolicy
from waygrid_core.spec.conditions import read_condition
from waygrid_core.spec.fields import whole
from waygrid_core.spec.fluent import (
    Data,
    Duration,
    accept,
    accept_condition,
    accept_strategy,
    body_of,
    document_of,
    duration_of,
    duration_text,
    identifier_of,
    instant_text,
    template_of,
)
from waygrid_core.spec.guarantee import Guarantee
from waygrid_core.spec.guarantees import read_guarantee
from waygrid_core.spec.limits import DEFAULT_LIMITS
from waygrid_core.spec.node import (
    DEFAULT_EACH_AT_MOST,
    AwaitNode,
    Body,
    CallNode,
    DagBody,
    EachNode,
    ExtensionNode,
    FailNode,
    ForkNode,
    JoinNode,
    LoopNode,
    PassNode,
    Reference,
    StandardNode,
)
from waygrid_core.spec.node import Node as AnyNode
from waygrid_core.spec.policies import (
    EACH_JOIN_SHAPES,
    read_repeat_policy,
    read_retry_policy,
)
from waygrid_core.spec.templates import read_leaf, read_parameter
from waygrid_core.template.template import (
    Constant,
    FromLeaf,
    Leaf,
    LiteralLeaf,
    Operand,
    SecretReference,
    TextLeaf,
)


def from_(*pointers: str, default: JsonValue | Missing = MISSING) -> FromLeaf:
    """`$from`: the value at the first of these pointers that finds one, else `default`."""
    written: JsonValue = pointers[0] if len(pointers) == 1 else list(pointers)
    document = {"$from": written} if isinstance(default, Missing) else {"$from": written, "$default": default}
    leaf = accept(read_leaf, document)
    assert isinstance(leaf, FromLeaf)
    return leaf


def text(template: str) -> TextLeaf:
    """`$text`: text with pointers in braces, such as `Order {/payload/id}`."""
    leaf = accept(read_leaf, {"$text": template})
    assert isinstance(leaf, TextLeaf)
    return leaf


def literal(value: JsonValue) -> LiteralLeaf:
    """`$literal`: the value as it stands, whatever its keys are called."""
    leaf = accept(read_leaf, {"$literal": value})
    assert isinstance(leaf, LiteralLeaf)
    return leaf


def secret(path: str, field: str | None = None, version: int | None = None) -> SecretReference:
    """`$secret`: a parameter whose value only the service that uses it ever sees."""
    inner: dict[str, JsonValue] = {"path": path}
    if field is not None:
        inner["field"] = field
    if version is not None:
        inner["version"] = version
    parameter = accept(read_parameter, {"$secret": inner})
    assert isinstance(parameter, SecretReference)
    return parameter


ALWAYS: Final = Always()
"""The condition that holds."""


def exists(pointer: str) -> Condition:
    """Something is at the pointer of the node's output; null is something."""
    return _condition({"type": "JsonExists", "pointer": pointer})


def equals(pointer: str, value: Data) -> Condition:
    """What is at the pointer of the node's output equals `value`."""
    return _condition({"type": "JsonEquals", "pointer": pointer, "value": document_of(value)})


def compare(pointer: str, op: ComparisonOperator, value: Data) -> Condition:
    """What is at the pointer of the node's output stands in relation `op` to `value`."""
    return _condition({"type": "JsonCompare", "pointer": pointer, "op": op, "value": document_of(value)})


def not_(condition: Condition) -> Condition:
    """`condition` does not hold."""
    return accept_condition(Not(condition))


def all_of(*conditions: Condition) -> Condition:
    """All of them hold."""
    return accept_condition(AllOf(conditions))


def any_of(*conditions: Condition) -> Condition:
    """At least one of them holds."""
    return accept_condition(AnyOf(conditions))


def _condition(document: JsonValue) -> Condition:
    return accept(read_condition, document)


class Retry:
    """Retry policies: when a failed attempt is made again, and which codes are."""

    @staticmethod
    def linear(base: Duration, max_retries: int, **codes: Sequence[str]) -> RetryPolicy:
        """The same delay each time. `codes` is `do_not_retry` or `retry_on`, in all of these."""
        return _retry("Linear", base, max_retries, codes)

    @staticmethod
    def exponential(
        base: Duration, max_retries: int, cap: Duration | None = None, **codes: Sequence[str]
    ) -> RetryPolicy:
        """base * 2^(n-1), up to `cap` if there is one."""
        return _retry("Exponential" if cap is None else "BoundedExponential", base, max_retries, codes, cap)

    @staticmethod
    def fibonacci(base: Duration, max_retries: int, **codes: Sequence[str]) -> RetryPolicy:
        """base * F(n)."""
        return _retry("Fibonacci", base, max_retries, codes)

    @staticmethod
    def polynomial(base: Duration, power: float, max_retries: int, **codes: Sequence[str]) -> RetryPolicy:
        """base * n^power."""
        return _retry("Polynomial", base, max_retries, codes, power=power)

    @staticmethod
    def full_jitter(
        base: Duration, max_retries: int, cap: Duration | None = None, **codes: Sequence[str]
    ) -> RetryPolicy:
        """Uniform in [0, min(cap, base * 2^(n-1))]."""
        return _retry("FullJitter", base, max_retries, codes, cap)

    @staticmethod
    def decorrelated_jitter(
        base: Duration, max_retries: int, cap: Duration | None = None, **codes: Sequence[str]
    ) -> RetryPolicy:
        """Uniform in [base, 3 * previous], up to `cap` if there is one."""
        return _retry("DecorrelatedJitter", base, max_retries, codes, cap)


_CODES: Final = {"do_not_retry": "doNotRetry", "retry_on": "retryOn"}


def _retry(
    kind: str,
    base: Duration,
    max_retries: int,
    codes: Mapping[str, Sequence[str]],
    cap: Duration | None = None,
    power: float | None = None,
) -> RetryPolicy:
    document: dict[str, JsonValue] = {"type": kind, "base": duration_text(base), "maxRetries": max_retries}
    if cap is not None:
        document["cap"] = duration_text(cap)
    if power is not None:
        document["power"] = power
    for name, listed in codes.items():
        if name not in _CODES:
            raise TypeError(f"{name!r} is no argument of a retry policy; write do_not_retry or retry_on")
        document[_CODES[name]] = list(listed)
    return accept(read_retry_policy, document)


class Repeat:
    """Repeat policies of a Spec. Intervals count from one planned start to the next."""

    @staticmethod
    def indefinitely(every: Duration) -> RepeatPolicy:
        """Until a cancel."""
        return accept(read_repeat_policy, {"type": "Indefinitely", "every": duration_text(every)})

    @staticmethod
    def times(every: Duration, times: int) -> RepeatPolicy:
        """`times` runs in total."""
        return accept(read_repeat_policy, {"type": "Times", "every": duration_text(every), "times": times})

    @staticmethod
    def until(every: Duration, until: str | datetime) -> RepeatPolicy:
        """As long as the planned start is not after `until`."""
        document: JsonValue = {"type": "Until", "every": duration_text(every), "until": instant_text(until)}
        return accept(read_repeat_policy, document)


class Node:
    """Makes nodes of every type; the fluent methods of what it gives do the rest."""

    @staticmethod
    def standard(address: str | ServiceAddress, parameters: Mapping[str, Data] | None = None) -> StandardNode:
        """Work of the service at `address`."""
        if isinstance(address, str):
            outcome = parse_address(address)
            if isinstance(outcome, Failure):
                raise ValueError(outcome.failure())
            address = outcome.unwrap()
        node = StandardNode(address=address)
        return node if parameters is None else node.with_parameters(parameters)

    @staticmethod
    def pass_(output: Data | Missing = MISSING) -> PassNode:
        """Routes, and shapes what goes on; with a delivery strategy, a wait."""
        return PassNode() if isinstance(output, Missing) else PassNode(output=template_of(output))

    @staticmethod
    def fail(code: str | Leaf, message: str | Leaf | None = None) -> FailNode:
        """Ends its scope in failure."""
        return FailNode(code=_operand(code), message=None if message is None else _operand(message))

    @staticmethod
    def fork(
        join_node_id: str,
        branches: Mapping[str, AnyNode],
        concurrency: int | None = None,
        join: JoinNode | None = None,
    ) -> ForkNode:
        """Branches side by side, until the join of the same `join_node_id` is decided."""
        if len(branches) < 2:
            raise ValueError("a fork needs at least two branches")
        if len(branches) > DEFAULT_LIMITS.branches:
            raise ValueError(f"a fork has at most {DEFAULT_LIMITS.branches} branches, not {len(branches)}; use an each")
        return ForkNode(
            join_node_id=identifier_of(join_node_id),
            branches={identifier_of(name): branch for name, branch in branches.items()},
            concurrency=_count("concurrency", concurrency),
            join=join,
        )

    @staticmethod
    def join(join_node_id: str, strategy: JoinStrategy | None = None) -> JoinNode:
        """Where the branches of a fork meet; without a strategy the short form of a join that stands elsewhere too."""
        if strategy is not None:
            strategy = accept_strategy(strategy)
        return JoinNode(join_node_id=identifier_of(join_node_id), strategy=strategy)

    @staticmethod
    def await_(event: str, key: str | Leaf | None = None) -> AwaitNode:
        """Waits for an event from outside; without a key, for one sent to the traversal that the user started."""
        return AwaitNode(event=event, key=None if key is None else _operand(key))

    @staticmethod
    def call(body: Body | AnyNode) -> CallNode:
        """Runs `body` as a traversal of its own."""
        return CallNode(body=body_of(body))

    @staticmethod
    def each(
        over: Leaf,
        body: Body | AnyNode,
        strategy: JoinStrategy | None = None,
        concurrency: int | None = None,
        at_most: int = DEFAULT_EACH_AT_MOST,
    ) -> EachNode:
        """Runs `body` for each item of the list that `over` gives."""

        if not isinstance(over, FromLeaf | TextLeaf | LiteralLeaf):
            raise ValueError("over must be a leaf, such as from_('/input/lines')")
        return EachNode(
            body=body_of(body),
            over=over,
            strategy=None if strategy is None else accept_strategy(strategy, EACH_JOIN_SHAPES),
            concurrency=_count("concurrency", concurrency),
            at_most=_at_most(at_most),
        )

    @staticmethod
    def loop(body: Body | AnyNode, until: Condition, at_most: int, every: Duration | None = None) -> LoopNode:
        """Runs `body` round after round, until `until` holds of a round's output."""
        return LoopNode(
            body=body_of(body),
            until=accept_condition(until),
            at_most=_at_most(at_most),
            every=None if every is None else duration_of(every),
        )

    @staticmethod
    def of_kind(kind: NodeKind) -> ExtensionNode:
        """A task of a user's kind."""
        fault = fault_of(kind)
        if fault is not None:
            raise ValueError(fault)
        return ExtensionNode(kind=kind)

    @staticmethod
    def ref(node_id: str) -> Reference:
        """Meets at the node of that id, which stands elsewhere in the same Spec."""
        return Reference(identifier_of(node_id))

    @staticmethod
    def dag(dag_hash: str) -> DagBody:
        """A body that is compiled already."""
        return DagBody(DagHash(dag_hash))


def never_before(dispatch: str, succeeded: str) -> Guarantee:
    """The guarantee that `dispatch` is not dispatched before `succeeded` has succeeded."""
    return _guarantee({"never": {"dispatch": dispatch, "before": {"succeeded": succeeded}}})


def never_after(dispatch: str, *, succeeded: str | None = None, failed: str | None = None) -> Guarantee:
    """The guarantee that `dispatch` is not dispatched once `succeeded` has succeeded, or `failed` has failed."""
    return _guarantee({"never": {"dispatch": dispatch, "after": _moment(succeeded, failed)}})


def always_dispatched(dispatch: str, *, succeeded: str | None = None, failed: str | None = None) -> Guarantee:
    """The guarantee that every run dispatches `dispatch`; with a moment, every run on which that comes, after it."""
    if succeeded is None and failed is None:
        return _guarantee({"always": {"dispatch": dispatch}})
    return _guarantee({"always": {"dispatch": dispatch, "after": _moment(succeeded, failed)}})


def one_of(*dispatch: str) -> Guarantee:
    """The guarantee that every run dispatches one of these, and no other of them."""
    return _guarantee({"oneOf": {"dispatch": list(dispatch)}})


def _moment(succeeded: str | None, failed: str | None) -> JsonValue:
    said = {"succeeded": succeeded, "failed": failed}
    return {ended: node for ended, node in said.items() if node is not None}


def dispatched_at_most(dispatch: str, times: int) -> Guarantee:
    """The guarantee that `dispatch` is dispatched at most so often."""
    return _guarantee({"atMost": {"dispatch": dispatch, "times": times}})


def _guarantee(document: JsonValue) -> Guarantee:
    guarantee = accept(read_guarantee, document)
    assert guarantee is not None
    return guarantee


def _operand(value: str | Leaf) -> Operand:
    if isinstance(value, FromLeaf | TextLeaf | LiteralLeaf):
        return value
    if not isinstance(value, str):
        raise ValueError(f"write text or a leaf, not {value!r}")
    return Constant(value)


def _count(name: str, number: int | None) -> int | None:
    if number is not None and (whole(number) is None or number < 1):
        raise ValueError(f"{name} must be a whole number, at least 1, not {number}")
    return number


def _at_most(number: int) -> int:
    if whole(number) is None or not 1 <= number <= DEFAULT_LIMITS.at_most:
        raise ValueError(f"at_most must be a whole number from 1 to {DEFAULT_LIMITS.at_most}, not {number}")
    return number
