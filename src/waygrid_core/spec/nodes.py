"""Reads nodes: one function a type, in the order of the table in the semantics."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Final, TypedDict

from waygrid_core.condition.expression import Always, Not
from waygrid_core.extension.asked_kinds import fault_of
from waygrid_core.extension.extension import NodeKind
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import DeliveryStrategy
from waygrid_core.policy.join import And
from waygrid_core.policy.retry import RetryPolicy
from waygrid_core.spec.extended import extension_shape, open_extended, read_own_fields
from waygrid_core.spec.fields import (
    Fields,
    Shape,
    bad_identifier,
    is_identifier,
    open_typed,
    shape,
    typed_shape,
)
from waygrid_core.spec.node import (
    DEFAULT_EACH_AT_MOST,
    AwaitNode,
    Body,
    CallNode,
    EachNode,
    ExtensionNode,
    FailNode,
    ForkNode,
    Hole,
    JoinNode,
    LoopNode,
    Node,
    PassNode,
    Reference,
    StandardNode,
)
from waygrid_core.spec.node_fields import BuildNode, Edges, NodeFields, Reading, Realm
from waygrid_core.spec.place import Place
from waygrid_core.spec.policies import (
    EACH_JOIN_SHAPES,
)
from waygrid_core.spec.templates import read_leaf
from waygrid_core.spec.walk import Later
from waygrid_core.template.template import Constant, Leaf, LiteralLeaf, Template

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
_SHORT_JOIN: Final = frozenset({"type", "joinNodeId"})

_NEVER: Final = Not(Always())
_SOME_LEAF: Final = LiteralLeaf(None)
"""These stand where something could not be read. Such a Spec has a problem and never runs."""


def read_node(reading: Reading, document: JsonValue, place: Place, realm: Realm) -> BuildNode:
    """Whatever node or reference `document` writes; a `Hole` and a problem where it could not be read."""
    if isinstance(document, dict) and "ref" in document and "type" not in document:
        fields = Fields(document, place, reading.problems)
        fields.conform(_REFERENCE, "a reference")
        ref = fields.identifier("ref")
        return partial(Hole, place=place) if ref is None else partial(Reference, ref, place)
    kind_of_users = _kind_of_users(reading, document)
    if kind_of_users is not None:
        assert isinstance(document, dict), "it has a type"
        return _read_extension(reading, kind_of_users, Fields(document, place, reading.problems), realm)
    opened = open_extended(document, place, reading.problems, NODE_SHAPES, reading.extensions.nodes, "a node")
    assert not isinstance(opened, NodeKind), "a user's kind was read above"
    if opened is None or not reading.has_room(opened[1], realm):
        return partial(Hole, place=place)
    kind, fields = opened
    return _READERS[kind](NodeFields(reading, fields, realm, NODE_SHAPES[kind]))


def _kind_of_users(reading: Reading, document: JsonValue) -> type[NodeKind] | None:
    name = document.get("type") if isinstance(document, dict) else None
    return reading.extensions.nodes.get(name) if isinstance(name, str) else None


def _read_extension(reading: Reading, kind: type[NodeKind], fields: Fields, realm: Realm) -> BuildNode:
    of_shape = extension_shape(kind, optional=_CALL)
    fields.conform(of_shape, f"a node of type {kind.name}")
    if not reading.has_room(fields, realm):
        return partial(Hole, place=fields.place)
    own = read_own_fields(kind, fields)
    fault = None if own is None else fault_of(own)
    if fault is not None:
        reading.problems.add(fields.place, "bad-address", fault)
    node = NodeFields(reading, fields, realm, of_shape)
    of_a_task, edges = _of_a_task(node), node.edges()

    def build() -> Node:
        conditions, ends = edges.build_conditions(), edges.build_ends()
        if own is None:
            others = (ends.on_success, ends.on_failure, ends.on_timeout, ends.always)
            below = (*(edge.to for edge in conditions), *(end for end in others if end is not None))
            return Hole(below, place=fields.place)
        return ExtensionNode(kind=own, on_conditions=conditions, ends=ends, **of_a_task)

    return build


class _Names(TypedDict):
    id: str | None
    label: str | None
    description: str | None
    place: Place


class _OfATask(_Names):
    input: Template | None
    retry_policy: RetryPolicy
    delivery_strategy: DeliveryStrategy
    timeout: timedelta | None


def _names(node: NodeFields) -> _Names:
    return {"id": node.id(), "label": node.label(), "description": node.description(), "place": node.place}


def _of_a_task(node: NodeFields) -> _OfATask:
    """All that tasks have in common but their edges."""
    return {
        **_names(node),
        "input": node.template("input"),
        "retry_policy": node.retry_policy(),
        "delivery_strategy": node.delivery_strategy(),
        "timeout": node.timeout(),
    }


def _with_edges(make: Callable[..., Node], edges: Edges) -> Node:
    return make(on_conditions=edges.build_conditions(), ends=edges.build_ends())


def _with_body(make: Callable[..., Node], body: Later[Body], edges: Edges) -> Node:
    return make(body=body.value, on_conditions=edges.build_conditions(), ends=edges.build_ends())


def _read_standard(node: NodeFields) -> BuildNode:
    address = node.fields.address("address") or WAYSTATION
    make = partial(StandardNode, address=address, parameters=node.parameters(), **_of_a_task(node))
    return partial(_with_edges, make, node.edges())


def _read_pass(node: NodeFields) -> BuildNode:
    output, delivery = node.template("output"), node.delivery_strategy()
    make = partial(PassNode, output=output, delivery_strategy=delivery, **_names(node))
    return partial(_with_edges, make, node.edges())


def _read_fail(node: NodeFields) -> BuildNode:
    code, message = node.operand_text("code") or Constant("failed"), node.operand_text("message")
    return partial(FailNode, code=code, message=message, **_names(node))


def _read_fork(node: NodeFields) -> BuildNode:
    names, join_node_id = _names(node), node.fields.identifier("joinNodeId")
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
            concurrency=concurrency,
            join=None if join is None else join.value,
            **names,
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
    join_node_id, names = node.fields.identifier("joinNodeId"), _names(node)
    strategy, timeout = node.join_strategy(), node.timeout()
    if strategy is None and not node.document.keys() <= _SHORT_JOIN:
        message = "a join needs the field 'strategy', unless it is the short form of type and joinNodeId alone"
        node.reading.problems.add(node.place, "missing-field", message)
        strategy = And()
    is_whole = join_node_id is not None and len(node.reading.problems) == before
    edges = node.edges()
    return lambda: JoinNode(
        join_node_id=join_node_id or otherwise,
        strategy=strategy,
        timeout=timeout,
        ends=edges.build_ends(),
        is_whole=is_whole,
        **names,
    )


def _read_await(node: NodeFields) -> BuildNode:
    event, key, timeout = node.fields.text("event"), node.operand_text("key"), node.timeout()
    make = partial(AwaitNode, event=event or "", key=key, timeout=timeout, **_names(node))
    return partial(_with_edges, make, node.edges())


def _read_call(node: NodeFields) -> BuildNode:
    body = node.body()
    make = partial(CallNode, **_of_a_task(node))
    return partial(_with_body, make, body, node.edges())


def _read_each(node: NodeFields) -> BuildNode:
    over: Leaf = _SOME_LEAF
    if "over" in node.document:
        at = (node.place, "over")
        limit = node.reading.limits.value_nesting
        over = read_leaf(node.document["over"], at, node.reading.problems, limit) or _SOME_LEAF
    strategy = node.join_strategy(EACH_JOIN_SHAPES)
    concurrency = node.fields.whole_number("concurrency", 1)
    at_most = node.fields.whole_number("atMost", 1, node.reading.limits.at_most)
    body = node.body()
    make = partial(
        EachNode,
        over=over,
        strategy=strategy,
        concurrency=concurrency,
        at_most=DEFAULT_EACH_AT_MOST if at_most is None else at_most,
        **_of_a_task(node),
    )
    return partial(_with_body, make, body, node.edges())


def _read_loop(node: NodeFields) -> BuildNode:
    until = node.condition("until", _NEVER)
    at_most = node.fields.whole_number("atMost", 1, node.reading.limits.at_most)
    every = node.fields.duration("every")
    body = node.body()
    make = partial(LoopNode, until=until, at_most=at_most or 1, every=every, **_of_a_task(node))
    return partial(_with_body, make, body, node.edges())


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
