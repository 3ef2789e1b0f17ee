"""From guarantees to promises: which nodes of a level bear the names, and what the bodies of others do with them."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.dag.node import EachWork, LoopWork, TaskNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.spec.node import AtMost, Guarantee, NeverBefore
from waygrid_core.verify.levels import ON_END, Level
from waygrid_core.verify.promises import Promise


@frozen
class Inside:
    """What one traversal of a level does with a name: how often it dispatches it at most, as far as was counted, and
    whether none succeeds, or none fails, without that having succeeded.
    """

    dispatched: int
    assured: bool
    assured_by_failure: bool


Look: TypeAlias = Callable[[Level, str, int], Inside]
"""Finds out what a level does with a name, counting dispatches up to a number."""


def promises_of(level: Level, look: Look) -> tuple[Promise, ...]:
    """The guarantees of a level, in their order."""
    return tuple(_promise(level, index, each, look) for index, each in enumerate(level.annotations.guarantees))


def _promise(level: Level, index: int, guarantee: Guarantee, look: Look) -> Promise:
    match guarantee:
        case AtMost(dispatch=dispatch, times=times):
            return counting(level, guarantee, index, dispatch, times + 1, look)
        case NeverBefore(dispatch=dispatch, succeeded=succeeded):
            counted = counting(level, guarantee, index, dispatch, 1, look)
            assured, by_failure = assuring(level, succeeded, look)
            return Promise(
                guarantee=guarantee,
                index=index,
                dispatched=counted.dispatched,
                at_end=counted.at_end,
                assured=assured,
                assured_by_failure=by_failure,
            )
        case _:
            assert_never(guarantee)


def counting(level: Level, guarantee: Guarantee, index: int, name: str, limit: int, look: Look) -> Promise:
    """The promise that counts the dispatches of `name`, up to `limit`."""
    dispatched: dict[NodeId, int] = {}
    for node, inner, rest in _bearers(level, name):
        if inner is None:
            dispatched[node] = 1
            continue
        inside = look(inner, rest, limit).dispatched
        if inside:
            dispatched[node] = min(limit, inside * _times(level, node))
    on_end = level.on_end() if name.startswith(f"{ON_END}/") else None
    at_end = 0 if on_end is None else look(on_end, name.partition("/")[2], limit).dispatched
    return Promise(guarantee=guarantee, index=index, dispatched=dispatched, at_end=at_end)


def assuring(level: Level, name: str, look: Look) -> tuple[frozenset[NodeId], frozenset[NodeId]]:
    """The nodes after whose success, and those after whose failure, something called `name` has succeeded."""
    by_success, by_failure = set(), set()
    for node, inner, rest in _bearers(level, name):
        inside = Inside(0, True, False) if inner is None else look(inner, rest, 1)
        if inside.assured:
            by_success.add(node)
        if inside.assured_by_failure:
            by_failure.add(node)
    return frozenset(by_success), frozenset(by_failure)


def _bearers(level: Level, name: str) -> Iterator[tuple[NodeId, Level | None, str]]:
    """The nodes called `name`, and those in whose bodies something may be: their level, and what it is called there."""
    for node, own in level.names().items():
        if own == name:
            yield node, None, ""
        elif name.startswith(f"{own}/"):
            inner = level.body(node)
            if inner is not None:
                yield node, inner, name[len(own) + 1 :]


def _times(level: Level, node_id: NodeId) -> int:
    """How often one attempt of a node runs its body at most."""
    node = level.dag.nodes[node_id]
    assert isinstance(node, TaskNode), "only tasks have bodies"
    match node.work:
        case EachWork(at_most=at_most) | LoopWork(at_most=at_most):
            return at_most
        case _:
            return 1
