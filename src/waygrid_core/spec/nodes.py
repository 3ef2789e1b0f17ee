"""Reads nodes: one function a type, in the order of the table in the semantics."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final, TypeAlias

from attrs import field, frozen

from waygrid_core.condition.expression import Always, Condition, Not
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import DeliveryStrategy
from waygrid_core.policy.join import And, JoinStrategy
from waygrid_core.policy.retry import RetryPolicy
from waygrid_core.spec.conditions import read_condition
from waygrid_core.spec.fields import (
    Fields,
    Shape,
    bad_identifier,
    is_identifier,
    kind_of,
    open_object,
    open_typed,
    shape,
    typed_shape,
)
from waygrid_core.spec.limits import Limits
from waygrid_core.spec.node import (
    DEFAULT_EACH_AT_MOST,
    IMMEDIATE,
    NO_ENDS,
    NO_RETRY,
    AwaitNode,
    Body,
    CallNode,
    ConditionalEdge,
    EachNode,
    Ends,
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
from waygrid_core.spec.place import Place
from waygrid_core.spec.policies import (
    EACH_JOIN_SHAPES,
    JOIN_SHAPES,
    read_delivery_strategy,
    read_join_strategy,
    read_retry_policy,
)
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.spec.templates import is_leaf, read_leaf, read_operand, read_parameters, read_template
from waygrid_core.spec.walk import Later, Walk
from waygrid_core.template.template import Constant, Leaf, LiteralLeaf, Operand, ParameterTemplate, Template

_ALL: Final = ("id", "label", "description")
_ENDS: Final = ("onSuccess", "onFailure", "onTimeout", "always")
_CALL: Final = (*_ALL, *_ENDS, "input", "retryPolicy", "deliveryStrategy", "timeout", "onConditions")

NODE_SHAPES: Final[Mapping[str, Shape]] = {
    "standard": typed_shape("address", optional=(*_CALL, "parameters")),
    "pass": typed_shape(optional=(*_ALL, "output", "deliveryStrategy", "onConditions", "onSuccess")),
    "fail": typed_shape("code", optional=(*_ALL, "message")),
    "fork": typed_shape("joinNodeId", "branches", optional=(*_ALL, "concurrency", "join")),
    "join": typed_shape("joinNodeId", optional=(*_ALL, *_ENDS, "strategy", "timeout")),
    "await": typed_shape(
        "event", optional=(*_ALL, "key", "timeout", "onConditions", "onSuccess", "onTimeout", "always")
    ),
    "call": typed_shape("body", optional=_CALL),
    "each": typed_shape("body", "over", optional=(*_CALL, "strategy", "concurrency", "atMost")),
    "loop": typed_shape("body", "until", "atMost", optional=(*_CALL, "every")),
}
_JOIN_SHAPES: Final[Mapping[str, Shape]] = {"join": NODE_SHAPES["join"]}
_REFERENCE: Final = shape("ref")
_EDGE: Final = shape("condition", "to")
_SHORT_JOIN: Final = frozenset({"type", "joinNodeId"})

BuildNode: TypeAlias = Callable[[], Node]
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
    """What all readers share: the walk, the problems, the limits, and how a body is asked for."""

    walk: Walk
    problems: ProblemSink
    limits: Limits
    ask_body: AskBody = field(eq=False)

    def ask(self, document: JsonValue, place: Place, realm: Realm) -> Later[Node]:
        """Have a node read."""
        return self.walk.ask(partial(self._read, document, place, realm))

    def _read(self, document: JsonValue, place: Place, realm: Realm) -> BuildNode:
        if isinstance(document, dict) and "ref" in document and "type" not in document:
            return self._read_reference(document, place)
        opened = open_typed(document, place, self.problems, NODE_SHAPES, "a node")
        if opened is None or not self.has_room(opened[1], realm):
            return partial(Hole, place=place)
        kind, fields = opened
        return _READERS[kind](NodeFields(self, fields, realm, NODE_SHAPES[kind]))

    def _read_reference(self, document: Mapping[str, JsonValue], place: Place) -> BuildNode:
        fields = Fields(document, place, self.problems)
        fields.conform(_REFERENCE, "a reference")
        ref = fields.identifier("ref")
        return partial(Hole, place=place) if ref is None else partial(Reference, ref, place)

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
        return read_retry_policy(self.document["retryPolicy"], (self.place, "retryPolicy"), self.reading.problems)

    def delivery_strategy(self) -> DeliveryStrategy:
        if "deliveryStrategy" not in self.document:
            return IMMEDIATE
        at = (self.place, "deliveryStrategy")
        return read_delivery_strategy(self.document["deliveryStrategy"], at, self.reading.problems)

    def join_strategy(self, shapes: Mapping[str, Shape] = JOIN_SHAPES) -> JoinStrategy | None:
        if "strategy" not in self.document:
            return None
        at = (self.place, "strategy")
        return read_join_strategy(self.document["strategy"], at, self.reading.problems, shapes)

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
        limits, problems = self.reading.limits, self.reading.problems
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
                condition = read_condition(document, (at, "condition"), problems, limits.value_nesting)
            if always_at is None and isinstance(condition, Always):
                always_at = index
            if fields.has("to"):
                read.append((condition, self.reading.ask(fields.document["to"], (at, "to"), self.realm)))
        return tuple(read)


_NEVER: Final = Not(Always())
_SOME_LEAF: Final = LiteralLeaf(None)
"""These stand where something could not be read. Such a Spec has a problem and never runs."""


def _with_edges(make: Callable[..., Node], edges: Edges) -> Node:
    return make(on_conditions=edges.build_conditions(), ends=edges.build_ends())


def _with_body(make: Callable[..., Node], body: Later[Body], edges: Edges) -> Node:
    return make(body=body.value, on_conditions=edges.build_conditions(), ends=edges.build_ends())


def _read_standard(node: NodeFields) -> BuildNode:
    address = node.fields.address("address") or WAYSTATION
    node_id, label, description = node.id(), node.label(), node.description()
    parameters, template, retry = node.parameters(), node.template("input"), node.retry_policy()
    delivery, timeout, edges = node.delivery_strategy(), node.timeout(), node.edges()
    make = partial(
        StandardNode,
        address=address,
        id=node_id,
        label=label,
        description=description,
        parameters=parameters,
        input=template,
        retry_policy=retry,
        delivery_strategy=delivery,
        timeout=timeout,
        place=node.place,
    )
    return partial(_with_edges, make, edges)


def _read_pass(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    output, delivery, edges = node.template("output"), node.delivery_strategy(), node.edges()
    make = partial(
        PassNode,
        id=node_id,
        label=label,
        description=description,
        output=output,
        delivery_strategy=delivery,
        place=node.place,
    )
    return partial(_with_edges, make, edges)


def _read_fail(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    code, message = node.operand_text("code") or Constant("failed"), node.operand_text("message")
    return lambda: FailNode(
        code=code, id=node_id, label=label, description=description, message=message, place=node.place
    )


def _read_fork(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    join_node_id = node.fields.identifier("joinNodeId")
    concurrency = node.fields.whole_number("concurrency", 1)
    branches = _read_branches(node)
    join: Later[JoinNode] | None = None
    if "join" in node.document:
        join = node.reading.walk.ask(partial(_read_inline_join, node, join_node_id or ""))

    def build() -> Node:
        built = {name: branch.value for name, branch in branches.items()} if branches is not None else {}
        if join_node_id is None or branches is None:
            return Hole((*built.values(), *([] if join is None else [join.value])), place=node.place)
        return ForkNode(
            join_node_id=join_node_id,
            branches=built,
            id=node_id,
            label=label,
            description=description,
            concurrency=concurrency,
            join=None if join is None else join.value,
            place=node.place,
        )

    return build


def _read_branches(node: NodeFields) -> dict[str, Later[Node]] | None:
    members = node.fields.members("branches")
    if members is None:
        return None
    limit = node.reading.limits.branches
    if len(members) < 2:
        node.fields.refuse("branches", "too-few-branches", "a fork needs at least two branches")
    elif len(members) > limit:
        message = f"a fork has at most {limit} branches, not {len(members)}; use an each"
        node.fields.refuse("branches", "too-many-branches", message)
    place: Place = (node.place, "branches")
    for name in members:
        if not is_identifier(name):
            node.reading.problems.add((place, name), "bad-id", bad_identifier(name))
    return {name: node.reading.ask(branch, (place, name), node.realm) for name, branch in members.items()}


def _read_inline_join(fork: NodeFields, join_node_id: str) -> Callable[[], JoinNode]:
    """The `join` of a fork. Where it could not be read stands a join that nobody compares with anything."""
    place: Place = (fork.place, "join")
    reading = fork.reading
    opened = open_typed(fork.document["join"], place, reading.problems, _JOIN_SHAPES, "the join of a fork")
    if opened is None or not reading.has_room(opened[1], fork.realm):
        return partial(JoinNode, join_node_id=join_node_id, strategy=And(), is_whole=False, place=place)
    return _join(NodeFields(reading, opened[1], fork.realm, NODE_SHAPES["join"]), join_node_id)


def _read_join(node: NodeFields) -> BuildNode:
    build_join = _join(node, "")

    def build() -> Node:
        join = build_join()
        if join.join_node_id:
            return join
        ends = (join.ends.on_success, join.ends.on_failure, join.ends.on_timeout, join.ends.always)
        return Hole(tuple(end for end in ends if end is not None), place=node.place)

    return build


def _join(node: NodeFields, otherwise: str) -> Callable[[], JoinNode]:
    """A join; `otherwise` stands for a joinNodeId that could not be read."""
    before = len(node.reading.problems)
    join_node_id = node.fields.identifier("joinNodeId")
    node_id, label, description = node.id(), node.label(), node.description()
    strategy, timeout = node.join_strategy(), node.timeout()
    if strategy is None and not node.document.keys() <= _SHORT_JOIN:
        message = "a join needs the field 'strategy', unless it is the short form of type and joinNodeId alone"
        node.reading.problems.add(node.place, "missing-field", message)
        strategy = And()
    is_whole = join_node_id is not None and len(node.reading.problems) == before
    edges = node.edges()
    return lambda: JoinNode(
        join_node_id=join_node_id or otherwise,
        id=node_id,
        label=label,
        description=description,
        strategy=strategy,
        timeout=timeout,
        ends=edges.build_ends(),
        is_whole=is_whole,
        place=node.place,
    )


def _read_await(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    event, key, timeout = node.fields.text("event"), node.operand_text("key"), node.timeout()
    edges = node.edges()
    make = partial(
        AwaitNode,
        event=event or "",
        id=node_id,
        label=label,
        description=description,
        key=key,
        timeout=timeout,
        place=node.place,
    )
    return partial(_with_edges, make, edges)


def _read_call(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    body, template, retry = node.body(), node.template("input"), node.retry_policy()
    delivery, timeout, edges = node.delivery_strategy(), node.timeout(), node.edges()
    make = partial(
        CallNode,
        id=node_id,
        label=label,
        description=description,
        input=template,
        retry_policy=retry,
        delivery_strategy=delivery,
        timeout=timeout,
        place=node.place,
    )
    return partial(_with_body, make, body, edges)


def _read_each(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    over: Leaf = _SOME_LEAF
    if "over" in node.document:
        at = (node.place, "over")
        limit = node.reading.limits.value_nesting
        over = read_leaf(node.document["over"], at, node.reading.problems, limit) or _SOME_LEAF
    strategy = node.join_strategy(EACH_JOIN_SHAPES)
    concurrency = node.fields.whole_number("concurrency", 1)
    at_most = node.fields.whole_number("atMost", 1, node.reading.limits.at_most)
    body, template, retry = node.body(), node.template("input"), node.retry_policy()
    delivery, timeout, edges = node.delivery_strategy(), node.timeout(), node.edges()
    make = partial(
        EachNode,
        over=over,
        id=node_id,
        label=label,
        description=description,
        strategy=strategy,
        concurrency=concurrency,
        at_most=DEFAULT_EACH_AT_MOST if at_most is None else at_most,
        input=template,
        retry_policy=retry,
        delivery_strategy=delivery,
        timeout=timeout,
        place=node.place,
    )
    return partial(_with_body, make, body, edges)


def _read_loop(node: NodeFields) -> BuildNode:
    node_id, label, description = node.id(), node.label(), node.description()
    until: Condition = _NEVER
    if "until" in node.document:
        at, limit = (node.place, "until"), node.reading.limits.value_nesting
        until = read_condition(node.document["until"], at, node.reading.problems, limit)
    at_most = node.fields.whole_number("atMost", 1, node.reading.limits.at_most)
    every = node.fields.duration("every")
    body, template, retry = node.body(), node.template("input"), node.retry_policy()
    delivery, timeout, edges = node.delivery_strategy(), node.timeout(), node.edges()
    make = partial(
        LoopNode,
        until=until,
        at_most=at_most or 1,
        every=every,
        id=node_id,
        label=label,
        description=description,
        input=template,
        retry_policy=retry,
        delivery_strategy=delivery,
        timeout=timeout,
        place=node.place,
    )
    return partial(_with_body, make, body, edges)


_READERS: Final[Mapping[str, Callable[[NodeFields], BuildNode]]] = {
    "standard": _read_standard,
    "pass": _read_pass,
    "fail": _read_fail,
    "fork": _read_fork,
    "join": _read_join,
    "await": _read_await,
    "call": _read_call,
    "each": _read_each,
    "loop": _read_loop,
}
