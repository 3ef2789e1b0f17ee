"""What the types of nodes share: fields that several of them have, edges, and the Spec that they count in."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from attrs import field, frozen

from waygrid_core.condition.expression import Always, Condition, Not
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import DeliveryStrategy
from waygrid_core.policy.join import JoinStrategy
from waygrid_core.policy.retry import RetryPolicy
from waygrid_core.spec.conditions import read_condition
from waygrid_core.spec.fields import (
    Fields,
    Shape,
    kind_of,
    open_object,
    shape,
)
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import (
    IMMEDIATE,
    NO_ENDS,
    NO_RETRY,
    Body,
    ConditionalEdge,
    Ends,
    Hole,
    Node,
    Spec,
)
from waygrid_core.spec.place import Place
from waygrid_core.spec.policies import (
    JOIN_SHAPES,
    read_delivery_strategy,
    read_join_strategy,
    read_retry_policy,
)
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.templates import is_leaf, read_operand, read_parameters, read_template
from waygrid_core.spec.walk import Later, Walk
from waygrid_core.template.template import Constant, Operand, ParameterTemplate, Template

_EDGE: Final = shape("condition", "to")
_NEVER: Final = Not(Always())
"""Stands where a condition could not be read. Such a Spec has a problem and never runs."""

BuildNode: TypeAlias = Callable[[], Node]
ReadNode: TypeAlias = Callable[["Reading", JsonValue, Place, "Realm"], BuildNode]
AskBody: TypeAlias = Callable[[JsonValue, Place, "Realm"], Later[Body]]


class Realm:
    """One Spec (the document, or a body in it) while it is read: how deep it stands, and how many nodes it has."""

    __slots__ = ("depth", "is_full", "joins", "nodes", "place")

    def __init__(self, place: Place, depth: int) -> None:
        self.place = place
        self.depth = depth
        self.nodes = 0
        self.joins: set[JsonValue] = set()
        self.is_full = False


@frozen
class Reading:
    """What all readers share: the walk, the problems, the limits, and how nodes and bodies below are read."""

    walk: Walk
    problems: ProblemSink
    limits: Limits
    extensions: Extensions
    read_node: ReadNode = field(eq=False)
    ask_body: AskBody = field(eq=False)

    def ask(self, document: JsonValue, place: Place, realm: Realm) -> Later[Node]:
        """Have a node read."""
        return self.walk.ask(partial(self.read_node, self, document, place, realm))

    def has_room(self, fields: Fields, realm: Realm) -> bool:
        """Whether the Spec may have this node too. Copies of one join are one node."""
        if realm.is_full:
            return False
        if fields.document["type"] == "join":
            join_node_id = fields.document.get("joinNodeId")
            if isinstance(join_node_id, str):
                if join_node_id in realm.joins:
                    return True
                realm.joins.add(join_node_id)
        realm.nodes += 1
        if realm.nodes <= self.limits.nodes:
            return True
        realm.is_full = True
        self.problems.add(realm.place, "too-many-nodes", f"a Spec has at most {self.limits.nodes} nodes; use a call")
        return False


@frozen
class Edges:
    """The edges of a node; their ends are built before it."""

    conditions: tuple[tuple[Condition, Later[Node]], ...]
    on_success: Later[Node] | None
    on_failure: Later[Node] | None
    on_timeout: Later[Node] | None
    always: Later[Node] | None

    def build_conditions(self) -> tuple[ConditionalEdge, ...]:
        """The conditional edges, in order."""
        return tuple(ConditionalEdge(condition, to.value) for condition, to in self.conditions)

    def build_ends(self) -> Ends:
        """The other edges."""
        if self.on_success is self.on_failure is self.on_timeout is self.always:
            return NO_ENDS  # all None: no two edges share a `Later`
        return Ends(
            None if self.on_success is None else self.on_success.value,
            None if self.on_failure is None else self.on_failure.value,
            None if self.on_timeout is None else self.on_timeout.value,
            None if self.always is None else self.always.value,
        )


class NodeFields:
    """The fields that several types of nodes share."""

    __slots__ = ("document", "fields", "place", "reading", "realm", "shape")

    def __init__(self, reading: Reading, fields: Fields, realm: Realm, of_shape: Shape) -> None:
        self.reading = reading
        self.fields = fields
        self.document = fields.document
        self.place = fields.place
        self.realm = realm
        self.shape = of_shape

    def id(self) -> str | None:
        return self.fields.identifier("id") if "id" in self.document else None

    def label(self) -> str | None:
        return self.fields.label("label") if "label" in self.document else None

    def description(self) -> str | None:
        return self.fields.text("description") if "description" in self.document else None

    def timeout(self) -> timedelta | None:
        return self.fields.duration("timeout") if "timeout" in self.document else None

    def template(self, name: str) -> Template | None:
        if name not in self.document:
            return None
        at = (self.place, name)
        return read_template(self.document[name], at, self.reading.problems, self.reading.limits.value_nesting)

    def parameters(self) -> Mapping[str, ParameterTemplate]:
        members = self.fields.members("parameters") if "parameters" in self.document else None
        if not members:
            return {}
        at = (self.place, "parameters")
        return read_parameters(members, at, self.reading.problems, self.reading.limits.value_nesting)

    def operand_text(self, name: str) -> Operand | None:
        """A text, or a leaf that gives one."""
        if name not in self.document:
            return None
        value = self.document[name]
        if isinstance(value, str):
            return Constant(value)
        if is_leaf(value):
            at = (self.place, name)
            return read_operand(value, at, self.reading.problems, self.reading.limits.value_nesting)
        self.fields.refuse(name, "wrong-type", f"{name} must be text or a leaf, not {kind_of(value)}")
        return None

    def retry_policy(self) -> RetryPolicy:
        if "retryPolicy" not in self.document:
            return NO_RETRY
        at, reading = (self.place, "retryPolicy"), self.reading
        return read_retry_policy(self.document["retryPolicy"], at, reading.problems, reading.extensions)

    def delivery_strategy(self) -> DeliveryStrategy:
        if "deliveryStrategy" not in self.document:
            return IMMEDIATE
        at = (self.place, "deliveryStrategy")
        return read_delivery_strategy(self.document["deliveryStrategy"], at, self.reading.problems)

    def join_strategy(self, shapes: Mapping[str, Shape] = JOIN_SHAPES) -> JoinStrategy | None:
        if "strategy" not in self.document:
            return None
        at, reading = (self.place, "strategy"), self.reading
        return read_join_strategy(self.document["strategy"], at, reading.problems, shapes, reading.extensions)

    def condition(self, name: str, otherwise: Condition) -> Condition:
        """A condition; `otherwise` where there is none."""
        if name not in self.document:
            return otherwise
        at, reading = (self.place, name), self.reading
        nesting = reading.limits.value_nesting
        return read_condition(self.document[name], at, reading.problems, nesting, reading.extensions)

    def body(self) -> Later[Body]:
        if "body" not in self.document:
            later: Later[Body] = Later()
            later.value = Spec(entry_points=(Hole(place=self.place),), place=self.place)
            return later
        return self.reading.ask_body(self.document["body"], (self.place, "body"), self.realm)

    def edge(self, name: str) -> Later[Node] | None:
        if name not in self.document or name not in self.shape.known:
            return None
        return self.reading.ask(self.document[name], (self.place, name), self.realm)

    def edges(self) -> Edges:
        """All edges that the type may have; an `onTimeout` needs a timeout."""
        on_timeout = self.edge("onTimeout")
        if on_timeout is not None and "timeout" not in self.document:
            self.fields.refuse("onTimeout", "dead-edge", "without a timeout nothing takes this edge; add a timeout")
        conditions = self._conditions() if "onConditions" in self.document else ()
        return Edges(conditions, self.edge("onSuccess"), self.edge("onFailure"), on_timeout, self.edge("always"))

    def _conditions(self) -> tuple[tuple[Condition, Later[Node]], ...]:
        items = self.fields.items("onConditions") if "onConditions" in self.shape.known else None
        if items is None:
            return ()
        limits, problems, extensions = self.reading.limits, self.reading.problems, self.reading.extensions
        if len(items) > limits.conditions:
            message = f"a node has at most {limits.conditions} conditions, not {len(items)}"
            self.fields.refuse("onConditions", "too-many-conditions", message)
        place: Place = (self.place, "onConditions")
        always_at: int | None = None
        read: list[tuple[Condition, Later[Node]]] = []
        for index, item in enumerate(items):
            at: Place = (place, index)
            if always_at is not None and index == always_at + 1:
                problems.add(at, "dead-edge", "the condition before it always holds; put Always last, or leave it out")
            fields = open_object(item, at, problems, _EDGE, "a conditional edge")
            if fields is None:
                continue
            condition: Condition = _NEVER
            if fields.has("condition"):
                document = fields.document["condition"]
                condition = read_condition(document, (at, "condition"), problems, limits.value_nesting, extensions)
            if always_at is None and isinstance(condition, Always):
                always_at = index
            if fields.has("to"):
                read.append((condition, self.reading.ask(fields.document["to"], (at, "to"), self.realm)))
        return tuple(read)
