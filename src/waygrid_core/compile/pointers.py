"""Pointers into the outputs of other nodes: `/nodes/<id>/output` names a node that could have run by then.

It names a node of this Spec that is not inside another branch of a fork around the node that looks.
"""

from collections.abc import Iterator
from typing import TypeAlias, assert_never

from waygrid_core.compile.draft import NOWHERE, Draft, PlacedNode
from waygrid_core.compile.unread import Unread
from waygrid_core.condition.expression import AllOf, AnyOf, Condition, JsonCompare, JsonEquals, Not
from waygrid_core.policy.delivery import DeliveryStrategy, ScheduleAfter, ScheduleAt
from waygrid_core.policy.join import JoinStrategy, Quorum
from waygrid_core.spec.node import (
    AwaitNode,
    CallNode,
    EachNode,
    FailNode,
    ForkNode,
    JoinNode,
    LoopNode,
    PassNode,
    StandardNode,
)
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink
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

Found: TypeAlias = tuple[str, Place]
"""The id that a pointer names, and where the pointer stands."""


def check_pointers(draft: Draft, unread: Unread, problems: ProblemSink) -> None:
    """Report every pointer that names no node, or one that it cannot see."""
    named: dict[str, int] | None = None
    for vertex in draft.vertices:
        for name, place in _pointers_of(vertex.node, vertex.place):
            named = _named(draft) if named is None else named
            target = named.get(name)
            if target is None:
                if not unread.may_hold(name):
                    message = f"no node of this Spec has the id {name!r}"
                    problems.add(place, "unknown-ref", message)
            elif len(draft.ids.get(name, ())) <= 1 and _is_in_other_branch(
                draft, draft.vertices[target].scope, vertex.scope
            ):
                message = f"{name!r} stands in another branch of a fork around this node, which may not have run"
                problems.add(place, "unknown-ref", message)


def _named(draft: Draft) -> dict[str, int]:
    named = {name: vertices[0] for name, vertices in draft.ids.items()}
    for join_node_id, slot in draft.joins.items():
        if slot.vertex == NOWHERE:
            named.setdefault(join_node_id, draft.forks.get(join_node_id, [0])[0])
        elif draft.vertices[slot.vertex].node.id is None:
            named.setdefault(join_node_id, slot.vertex)
    return named


def _is_in_other_branch(draft: Draft, theirs: int, ours: int) -> bool:
    scopes = draft.scopes
    while theirs != ours:
        if scopes[theirs].is_limbo or scopes[ours].is_limbo:
            return False
        if scopes[theirs].depth > scopes[ours].depth:
            theirs = scopes[theirs].parent
        elif scopes[ours].depth > scopes[theirs].depth:
            ours = scopes[ours].parent
        elif scopes[theirs].fork == scopes[ours].fork:
            return True
        else:
            theirs, ours = scopes[theirs].parent, scopes[ours].parent
    return False


def _pointers_of(node: PlacedNode, place: Place) -> Iterator[Found]:
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
        case CallNode() | EachNode() | LoopNode():
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
