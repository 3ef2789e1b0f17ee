"""From guarantees to promises: which nodes of a level bear the names, and what the bodies of others do with them."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.dag.node import CallWork, EachWork, LoopWork, TaskNode
from waygrid_core.model.identifiers import NodeId
from waygrid_core.policy.delivery import Immediate
from waygrid_core.spec.guarantee import Always, AtMost, Guarantee, NeverAfter, NeverBefore, OneOf
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
        case NeverAfter(dispatch=dispatch, after=after):
            own = dict.fromkeys(_called(level, dispatch), 1)
            return Promise(guarantee=guarantee, index=index, dispatched=own, moment=_called(level, after.node))
        case Always(dispatch=dispatch, after=maybe):
            moment = frozenset[NodeId]() if maybe is None else _called(level, maybe.node)
            own = dict.fromkeys(_called(level, dispatch), 1)
            return Promise(guarantee=guarantee, index=index, dispatched=own, moment=moment)
        case OneOf(dispatch=names):
            which = {node: number for number, name in enumerate(names, 1) for node in _called(level, name)}
            return Promise(guarantee=guarantee, index=index, dispatched=which)
        case _:
            assert_never(guarantee)


def _called(level: Level, name: str) -> frozenset[NodeId]:
    """The nodes of the level itself that are called so."""
    return frozenset(node for node, own in level.names().items() if own == name)


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
    """The nodes after whose success, and those after whose failure, something called `name` has succeeded.

    An each runs its body for none of an empty list; a loop fails after rounds that succeed, too; and what fails before
    it is dispatched has run no body.
    """
    by_success, by_failure = set(), set()
    for node, inner, rest in _bearers(level, name):
        inside = Inside(0, True, False) if inner is None else look(inner, rest, 1)
        task = level.dag.nodes[node]
        work = task.work if isinstance(task, TaskNode) else None
        if inside.assured and not isinstance(work, EachWork):
            by_success.add(node)
        runs_first = isinstance(task, TaskNode) and isinstance(task.delivery_strategy, Immediate)
        has_run = isinstance(work, CallWork) or (isinstance(work, LoopWork) and inside.assured)
        if inside.assured_by_failure and runs_first and has_run:
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
