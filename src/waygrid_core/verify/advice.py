"""What can be said of a DAG without running it: waits that nothing bounds, loops that never come to what they wait for,
and retries that time does not allow.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from attrs import frozen

from waygrid_core.dag.caption import describe
from waygrid_core.dag.node import LoopWork, TaskNode
from waygrid_core.extension.asked_rules import delay_by
from waygrid_core.extension.extension import RetryRule
from waygrid_core.model.duration import write_duration
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.policy.delay import MAX_DELAY, MAX_RETRIES, retry_delay
from waygrid_core.policy.retry import BoundedExponential, CountedRetry, DecorrelatedJitter, FullJitter, NoRetry
from waygrid_core.traversal.error import FAILED
from waygrid_core.verify.levels import Level, joins_around
from waygrid_core.verify.witness import routing_of

_NOBODY: Final = TraversalId("")
"""Whose delays are asked for; only chance depends on it."""

_DRAWS: Final = (0.0, 0.5, 1 - 2**-53)
"""What chance may be: the least, the middle, the most."""


@frozen
class Advice:
    """A sentence about a node: where, what and the cure."""

    code: str
    node: NodeId
    sentence: str


def advice_on(level: Level) -> Iterator[Advice]:
    """Everything, in the order of the DAG's nodes."""
    for node in level.dag.nodes.values():
        if isinstance(node, TaskNode):
            yield from _on_wait(level, node)
            yield from _on_until(level, node)
            yield from _on_retries(level, node)


def _on_wait(level: Level, node: TaskNode) -> Iterator[Advice]:
    event = node.event
    if event is None or node.timeout is not None:
        return
    if not level.is_bounded and not level.is_bounded_around(node.scope):
        yield Advice(
            "unbounded-await",
            node.id,
            f"{level.title(node.id)} waits for the event {event!r} for ever if it never comes; give it, the "
            "join around it or the Spec a timeout",
        )


def _on_until(level: Level, node: TaskNode) -> Iterator[Advice]:
    match node.work:
        case LoopWork(until=until) if 0 not in routing_of([until]).possible:
            yield Advice(
                "until-never-holds",
                node.id,
                f"the until of {level.title(node.id)} holds of no output, so it always fails: {describe(until)}",
            )
        case _:
            return


def _on_retries(level: Level, node: TaskNode) -> Iterator[Advice]:
    policy = node.retry_policy
    if isinstance(policy, NoRetry):
        return
    delays = _longest_delays(policy)
    attempts = len(delays) + 1
    needed = sum(delays, timedelta())
    if node.timeout is not None:
        needed += node.timeout * attempts
    for bound, whose in _bounds(level, node):
        if needed > bound:
            yield Advice(
                "retry-budget",
                node.id,
                f"{level.title(node.id)} may take {write_duration(needed)} for its {attempts} attempts, but {whose} "
                f"ends it after {write_duration(bound)}; allow fewer or quicker retries, or more time",
            )
            return


def _bounds(level: Level, node: TaskNode) -> Iterator[tuple[timedelta, str]]:
    """The timeouts around a node, the nearest first, each with whose it is."""
    for join in joins_around(level.dag, node.scope):
        if join.timeout is not None:
            yield join.timeout, f"the timeout of the join {level.title(join.id)}"
    if level.dag.timeout is not None:
        yield level.dag.timeout, "the timeout of the traversal"


def _longest_delays(policy: CountedRetry | RetryRule) -> list[timedelta]:
    """The longest that each retry may wait. A rule is asked about a failure without a code of its own."""
    if not isinstance(policy, RetryRule):
        return [longest_delay(policy, attempt) for attempt in range(1, policy.max_retries + 1)]
    delays: list[timedelta] = []
    for attempt in range(1, MAX_RETRIES + 1):
        asked = [delay_by(policy, attempt, FAILED, draw) for draw in _DRAWS]
        waits = [delay for delay in asked if delay is not None]
        if not waits:
            break
        delays.append(min(max(waits), MAX_DELAY))
    return delays


def longest_delay(policy: CountedRetry, attempt: int) -> timedelta:
    """The longest that the retry after attempt `attempt` may wait; chance is taken at its worst."""
    match policy:
        case FullJitter(base=base, max_retries=most, cap=cap):
            policy = BoundedExponential(base, cap or MAX_DELAY, most)
        case DecorrelatedJitter(base=base, cap=cap):
            longest = min(cap or MAX_DELAY, MAX_DELAY)
            for _ in range(attempt):
                base = min(3 * base, longest)
            return base
        case _:
            pass
    return retry_delay(policy, attempt, _NOBODY, NodeId(""))
