"""The fluent methods of nodes and Specs: each gives a changed copy, and raises `ValueError` for an argument that the
parser would refuse, with the sentence that the parser would say.

Here are the methods, by what a type can do; `node` says which type can do what, `authoring` makes nodes to begin with.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, Union, cast

from attrs import evolve

from waygrid_core.condition.expression import Condition
from waygrid_core.condition.rules import rules_in
from waygrid_core.extension.extension import Guard, JoinRule, RetryRule, SignalKind
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.duration import write_duration
from waygrid_core.model.instant import write_instant
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import DeliveryStrategy
from waygrid_core.policy.join import JoinStrategy
from waygrid_core.policy.repeat import NoRepeat, RepeatPolicy
from waygrid_core.policy.retry import NoRetry, RetryPolicy
from waygrid_core.spec.conditions import read_condition, write_condition
from waygrid_core.spec.fields import MAX_LABEL, Shape, bad_identifier, is_identifier, read_duration
from waygrid_core.spec.place import ROOT, Place
from waygrid_core.spec.policies import (
    JOIN_SHAPES,
    read_delivery_strategy,
    read_join_strategy,
    read_repeat_policy,
    read_retry_policy,
    write_join_strategy,
    write_repeat_policy,
    write_retry_policy,
)
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.templates import read_parameters, read_template, write_leaf, write_parameter
from waygrid_core.template.template import (
    FromLeaf,
    Leaf,
    LiteralLeaf,
    SecretReference,
    Template,
    TextLeaf,
)

if TYPE_CHECKING:
    from waygrid_core.spec.guarantee import Guarantee
    from waygrid_core.spec.node import Body, Ends, Node

T = TypeVar("T")

Data: TypeAlias = Union[
    bool, int, float, str, Leaf, SecretReference, "list[Data]", "tuple[Data, ...]", "Mapping[str, Data]", None
]
"""JSON as Python writes it, with leaves anywhere in it; a secret only as a whole parameter."""

Duration: TypeAlias = str | timedelta
"""`"5s"`, or a timedelta."""


def accept(read: Callable[[JsonValue, Place, ProblemSink], T], document: JsonValue) -> T:
    """What the parser makes of `document`. Raises `ValueError` with its sentence if it refuses it."""
    problems = ProblemSink()
    value = read(document, ROOT, problems)
    for problem in problems.problems:
        raise ValueError(f"{problem.pointer}: {problem.message}" if problem.pointer else problem.message)
    return value


def accept_condition(condition: Condition) -> Condition:
    """The condition as the parser has it, with the extensions in it. Raises `ValueError` as `accept` does."""
    extensions = Extensions.of(*(type(rule) for rule in rules_in(condition)))
    return accept(partial(read_condition, extensions=extensions), write_condition(condition))


def accept_strategy(strategy: JoinStrategy, shapes: Mapping[str, Shape] = JOIN_SHAPES) -> JoinStrategy:
    """The same for a join strategy; `shapes` may be those of an each."""
    extensions = Extensions.of(type(strategy)) if isinstance(strategy, JoinRule) else NO_EXTENSIONS
    return accept(partial(read_join_strategy, shapes=shapes, extensions=extensions), write_join_strategy(strategy))


def accept_policy(policy: RetryPolicy) -> RetryPolicy:
    """The same for a retry policy."""
    extensions = Extensions.of(type(policy)) if isinstance(policy, RetryRule) else NO_EXTENSIONS
    return accept(partial(read_retry_policy, extensions=extensions), write_retry_policy(policy))


def document_of(data: Data) -> JsonValue:
    """The document of data with leaves."""
    if isinstance(data, FromLeaf | TextLeaf | LiteralLeaf):
        return write_leaf(data)
    if isinstance(data, SecretReference):
        return write_parameter(data)
    if isinstance(data, Mapping):
        return {name: document_of(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [document_of(item) for item in data]
    return data


def template_of(data: Data) -> Template:
    """The template that `data` writes."""
    return accept(read_template, document_of(data))


def duration_text(duration: Duration) -> str:
    """The text of a duration, as a document has it."""
    if isinstance(duration, str):
        return duration
    if duration <= timedelta(0):
        raise ValueError(f"a duration must be positive, not {duration}")
    return write_duration(duration)


def duration_of(duration: Duration) -> timedelta:
    """A duration as a value."""
    accepted = accept(read_duration, duration_text(duration))
    assert accepted is not None
    return accepted


def instant_text(instant: str | datetime) -> str:
    """The text of an instant, as a document has it."""
    if isinstance(instant, str):
        return instant
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no offset; give it a time zone, such as datetime.UTC")
    return write_instant(instant)


def identifier_of(text: str) -> str:
    """A text that may be an id."""
    if not is_identifier(text):
        raise ValueError(bad_identifier(text))
    return text


def body_of(body: "Body | Node") -> "Body":
    """A body: a Spec that does not repeat, a DAG by its hash, or one node, short for a Spec with that entry point."""
    from waygrid_core.spec.node import DagBody, Spec

    if isinstance(body, DagBody):
        return body
    if not isinstance(body, Spec):
        return Spec(entry_points=(body,), is_node=True)
    if not isinstance(body.repeat_policy, NoRepeat):
        raise ValueError("a body runs once, and so does an onEnd; use a loop, or repeat the whole Spec")
    return body


class Fluent:
    """What makes changed copies of itself."""

    __slots__ = ()

    def _with(self, **changes: Any) -> Self:
        return cast("Self", evolve(cast("Any", self), **changes))


class Routed(Fluent):
    """What has edges. A second edge of one kind is refused: it would drop the first with all that hangs on it."""

    __slots__ = ()

    def _with_end(self, name: str, node: "Node") -> Self:
        ends: Ends = getattr(self, "ends")  # noqa: B009 - which attrs gives to the types, not to this part of them
        if getattr(ends, name) is not None:
            raise ValueError(f"this node has its {name} already")
        return self._with(ends=evolve(ends, **{name: node}))


class Described(Fluent):
    """What people can name."""

    __slots__ = ()

    def with_id(self, node_id: str) -> Self:
        """A name for references, pointers, scenarios and guarantees; it keeps the node's own id when paths change."""
        return self._with(id=identifier_of(node_id))

    def with_label(self, label: str) -> Self:
        """At most 64 characters, for people."""
        if len(label) > MAX_LABEL:
            raise ValueError(f"label has {len(label)} characters; at most {MAX_LABEL}")
        return self._with(label=label)

    def with_description(self, description: str) -> Self:
        """Any text, for people."""
        return self._with(description=description)


class Succeeding(Routed):
    """What can succeed."""

    __slots__ = ()

    def on_success(self, node: "Node") -> Self:
        """Where the token goes when no condition holds."""
        return self._with_end("on_success", node)


class Conditional(Routed):
    """What can go different ways, by its output."""

    __slots__ = ()

    def when(self, condition: Condition, to: "Node") -> Self:
        """One more conditional edge; the first that holds wins."""
        from waygrid_core.spec.node import ConditionalEdge

        accept_condition(condition)
        edges: tuple[ConditionalEdge, ...] = getattr(self, "on_conditions")  # noqa: B009 - see `Routed`
        return self._with(on_conditions=(*edges, ConditionalEdge(condition, to)))


class Failing(Routed):
    """What can fail."""

    __slots__ = ()

    def on_failure(self, node: "Node") -> Self:
        """The handler of a failure for good."""
        return self._with_end("on_failure", node)


class Onward(Routed):
    """What can go on whatever happened."""

    __slots__ = ()

    def always(self, node: "Node") -> Self:
        """Where the token goes when no other edge takes it."""
        return self._with_end("always", node)


class Bounded(Routed):
    """What can be bounded in time."""

    __slots__ = ()

    def with_timeout(self, timeout: Duration) -> Self:
        """The bound: of one attempt, of an await's wait, of a join's wait since the fork."""
        return self._with(timeout=duration_of(timeout))

    def on_timeout(self, node: "Node") -> Self:
        """The handler of a timeout; there must be one."""
        return self._with_end("on_timeout", node)


class Delivered(Fluent):
    """What can wait before it begins."""

    __slots__ = ()

    def after(self, delay: Duration | Leaf) -> Self:
        """Begin `delay` after the token arrived."""
        written = document_of(delay) if isinstance(delay, FromLeaf | TextLeaf | LiteralLeaf) else duration_text(delay)
        return self._deliver({"type": "ScheduleAfter", "delay": written})

    def at(self, time: str | datetime | Leaf) -> Self:
        """Begin at an instant; one that has passed means at once."""
        written = document_of(time) if isinstance(time, FromLeaf | TextLeaf | LiteralLeaf) else instant_text(time)
        return self._deliver({"type": "ScheduleAt", "time": written})

    def _deliver(self, document: JsonValue) -> Self:
        strategy: DeliveryStrategy = accept(read_delivery_strategy, document)
        return self._with(delivery_strategy=strategy)


class Attempted(Fluent):
    """What is dispatched, and can be tried again."""

    __slots__ = ()

    def with_retry(self, policy: RetryPolicy | None) -> Self:
        """When a failed attempt is made again; see `Retry`. None: never, the first failure is for good."""
        policy = NoRetry() if policy is None else policy
        return self._with(retry_policy=accept_policy(policy))

    def with_input(self, data: Data) -> Self:
        """What is dispatched, or what a body gets, instead of what arrived."""
        return self._with(input=template_of(data))


class Parametrised(Fluent):
    """What has parameters."""

    __slots__ = ()

    def with_parameters(self, parameters: Mapping[str, Data]) -> Self:
        """The parameters, all of them."""

        def read(document: JsonValue, place: Place, problems: ProblemSink) -> object:
            assert isinstance(document, dict)
            return read_parameters(document, place, problems)

        return self._with(parameters=accept(read, document_of(parameters)))


class Shaping(Fluent):
    """What makes its own output."""

    __slots__ = ()

    def with_output(self, data: Data) -> Self:
        """What goes on, instead of what arrived."""
        return self._with(output=template_of(data))


class Whole(Fluent):
    """What is a Spec."""

    __slots__ = ()

    @classmethod
    def single(cls, node: "Node") -> Self:
        """A Spec with one entry point."""
        return cls.of(node)

    @classmethod
    def of(cls, *entry_points: "Node") -> Self:
        """A Spec with these entry points; a traversal begins at one of them, by index."""
        if not entry_points:
            raise ValueError("a Spec needs at least one entry point")
        return cast("Any", cls)(entry_points=entry_points)  # type: ignore[no-any-return]

    def with_name(self, name: str) -> Self:
        """Its name, for people."""
        return self._with(name=name)

    def with_description(self, description: str) -> Self:
        """What it is for, for people."""
        return self._with(description=description)

    def with_timeout(self, timeout: Duration) -> Self:
        """The bound of one traversal; of a series, of each run."""
        return self._with(timeout=duration_of(timeout))

    def with_repeat(self, policy: RepeatPolicy) -> Self:
        """Run as a series; see `Repeat`."""
        return self._with(repeat_policy=accept(read_repeat_policy, write_repeat_policy(policy)))

    def with_on_end(self, body: "Body | Node") -> Self:
        """What runs when a traversal (of a series, the series) has ended, however it ended."""
        return self._with(on_end=body_of(body))

    def with_guards(self, *guards: Guard) -> Self:
        """What watches every transition, and may end the traversal."""
        return self._with(guards=guards)

    def with_signals(self, *signals: SignalKind) -> Self:
        """What may be said to a traversal; one of each type."""
        names = [signal.name for signal in signals]
        if len(set(names)) < len(names):
            raise ValueError(f"one signal of each type, not {', '.join(names)}")
        return self._with(signals=signals)

    def with_guarantees(self, *guarantees: "Guarantee") -> Self:
        """What `waygrid verify` is to prove or break."""
        return self._with(guarantees=guarantees)
