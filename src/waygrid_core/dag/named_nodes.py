"""Which other nodes the data of a node names: the pointers `/nodes/<id>/output` in it, and where they stand."""

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from waygrid_core.condition.expression import AllOf, AnyOf, Condition, JsonCompare, JsonEquals, Not
from waygrid_core.policy.delivery import DeliveryStrategy, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import JoinStrategy, Quorum
from waygrid_core.spec.node import (
    AwaitNode,
    CallNode,
    EachNode,
    ExtensionNode,
    FailNode,
    ForkNode,
    JoinNode,
    LoopNode,
    PassNode,
    StandardNode,
)
from waygrid_core.spec.place import Place
from waygrid_core.template.template import (
    ArrayTemplate,
    Constant,
    DataPointer,
    FromLeaf,
    LiteralLeaf,
    ObjectTemplate,
    SecretReference,
    Template,
    TextLeaf,
)

PlacedNode: TypeAlias = (
    StandardNode
    | PassNode
    | FailNode
    | ForkNode
    | JoinNode
    | AwaitNode
    | CallNode
    | EachNode
    | LoopNode
    | ExtensionNode
)
"""What becomes a node of the DAG; the rest of `Node` says where another one stands."""

Found: TypeAlias = tuple[str, Place]
"""The id that a pointer names, and where the pointer stands."""


def pointers_of(node: PlacedNode, place: Place) -> Iterator[Found]:
    """All pointers of a node into other nodes' outputs."""
    match node:
        case StandardNode():
            if node.input is not None:
                yield from _in_template(node.input, (place, "input"))
            for name, parameter in node.parameters.items():
                if not isinstance(parameter, Constant | SecretReference):
                    yield from _in_template(parameter, ((place, "parameters"), name))
            yield from _in_delivery(node.delivery_strategy, place)
        case PassNode():
            if node.output is not None:
                yield from _in_template(node.output, (place, "output"))
            yield from _in_delivery(node.delivery_strategy, place)
        case FailNode():
            yield from _in_template(node.code, (place, "code"))
            if node.message is not None:
                yield from _in_template(node.message, (place, "message"))
        case JoinNode():
            if node.strategy is not None:
                yield from _in_strategy(node.strategy, place)
        case AwaitNode():
            if node.key is not None:
                yield from _in_template(node.key, (place, "key"))
        case CallNode() | EachNode() | LoopNode() | ExtensionNode():
            if node.input is not None:
                yield from _in_template(node.input, (place, "input"))
            yield from _in_delivery(node.delivery_strategy, place)
            if isinstance(node, LoopNode):
                yield from _in_condition(node.until, (place, "until"))
            elif isinstance(node, EachNode):
                yield from _in_template(node.over, (place, "over"))
                if node.strategy is not None:
                    yield from _in_strategy(node.strategy, place)
        case ForkNode():
            return
        case _:
            assert_never(node)
    if not isinstance(node, FailNode | JoinNode) and node.on_conditions:
        for index, edge in enumerate(node.on_conditions):
            yield from _in_condition(edge.condition, (((place, "onConditions"), index), "condition"))


def _in_template(template: Template, place: Place) -> Iterator[Found]:
    match template:
        case Constant() | LiteralLeaf():
            pass
        case FromLeaf(pointers=pointers, is_list=is_list):
            at: Place = (place, "$from")
            for index, pointer in enumerate(pointers):
                if pointer.node is not None:
                    yield pointer.node, (at, index) if is_list else at
        case TextLeaf(parts=parts):
            for part in parts:
                if isinstance(part, DataPointer) and part.node is not None:
                    yield part.node, (place, "$text")
        case ObjectTemplate(members=members):
            for key, member in members.items():
                if not isinstance(member, Constant):
                    yield from _in_template(member, (place, key))
        case ArrayTemplate(items=items):
            for index, item in enumerate(items):
                yield from _in_template(item, (place, index))
        case _:
            assert_never(template)


def _in_condition(condition: Condition, place: Place) -> Iterator[Found]:
    match condition:
        case JsonEquals(value=value) | JsonCompare(value=value):
            yield from _in_template(value, (place, "value"))
        case Not(cond=inner):
            yield from _in_condition(inner, (place, "cond"))
        case AllOf(all=members):
            for index, member in enumerate(members):
                yield from _in_condition(member, ((place, "all"), index))
        case AnyOf(any=members):
            for index, member in enumerate(members):
                yield from _in_condition(member, ((place, "any"), index))
        case _:
            pass


def _in_delivery(strategy: DeliveryStrategy, place: Place) -> Iterator[Found]:
    match strategy:
        case ScheduleAfter(delay=FromLeaf() | TextLeaf() as leaf):
            yield from _in_template(leaf, ((place, "deliveryStrategy"), "delay"))
        case ScheduleAt(time=FromLeaf() | TextLeaf() as leaf):
            yield from _in_template(leaf, ((place, "deliveryStrategy"), "time"))
        case _:
            pass


def _in_strategy(strategy: JoinStrategy, place: Place) -> Iterator[Found]:
    if isinstance(strategy, Quorum) and not isinstance(strategy.n, int):
        yield from _in_template(strategy.n, ((place, "strategy"), "n"))
