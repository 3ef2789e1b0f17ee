"""How long a retry waits, and whether there is one. Whole microseconds; a delay saturates at 365 days."""

from datetime import timedelta
from typing import Final, assert_never

from waygrid_core.extension.asked_rules import delay_by
from waygrid_core.extension.extension import RetryRule
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.policy.jitter import draw
from waygrid_core.policy.retry import (
    BoundedExponential,
    DecorrelatedJitter,
    Exponential,
    Fibonacci,
    FullJitter,
    Linear,
    NoRetry,
    OwnRetry,
    Polynomial,
    RetryCodes,
    RetryPolicy,
)

MAX_DELAY: Final = timedelta(days=365)

MAX_RETRIES: Final = 100
"""How many attempts may follow the first, whatever a policy says."""

_DRAWN: Final = 1 << 53
"""A rule draws one of so many numbers in [0, 1): as many as a float can tell apart."""
_MICROSECOND: Final = timedelta(microseconds=1)
_MAX: Final = MAX_DELAY // _MICROSECOND
_ENOUGH_DOUBLINGS: Final = _MAX.bit_length()  # one microsecond doubled so often is more than a year
_MAX_EXACT_POWER: Final = 64  # a whole power up to this is computed in whole numbers, the same on every machine


def next_delay(policy: RetryPolicy, attempt: int, code: str, traversal: TraversalId, node: NodeId) -> timedelta | None:
    """How long after attempt `attempt` (from 1) failed with `code` the next one is made; None: it is not retried.

    Traversal and node are what the jitters draw from, so that a replay draws the same.
    """
    match policy:
        case NoRetry():
            return None
        case RetryRule():
            return _ruled(policy, attempt, code, traversal, node)
        case _:
            return retry_delay(policy, attempt, traversal, node) if may_retry(policy, attempt, code) else None


def most_retries(policy: RetryPolicy) -> int:
    """How many attempts may follow the first."""
    if isinstance(policy, NoRetry):
        return 0
    return MAX_RETRIES if isinstance(policy, RetryRule) else policy.max_retries


def may_retry(policy: OwnRetry, attempt: int, code: str) -> bool:
    """Whether attempt `attempt`, which failed with `code`, is followed by another one."""
    if isinstance(policy, NoRetry):
        return False
    return attempt <= policy.max_retries and _allows(policy.codes, code)


def retry_delay(policy: OwnRetry, attempt: int, traversal: TraversalId, node: NodeId) -> timedelta:
    """The delay between the failure of attempt `attempt` (from 1) and the next one, if there is one."""
    match policy:
        case NoRetry():
            microseconds = 0
        case Linear(base=base):
            microseconds = base // _MICROSECOND
        case Exponential(base=base):
            microseconds = _doubled(base, attempt)
        case BoundedExponential(base=base, cap=cap):
            microseconds = min(_doubled(base, attempt), cap // _MICROSECOND)
        case Fibonacci(base=base):
            microseconds = _fibonacci(base // _MICROSECOND, attempt)
        case Polynomial(base=base, power=power):
            microseconds = _polynomial(base // _MICROSECOND, attempt, power)
        case FullJitter(base=base, cap=cap):
            microseconds = draw(traversal, node, attempt, 0, min(_doubled(base, attempt), _cap(cap)))
        case DecorrelatedJitter(base=base, cap=cap):
            microseconds = _decorrelated(base // _MICROSECOND, _cap(cap), attempt, traversal, node)
        case _:
            assert_never(policy)
    return timedelta(microseconds=min(microseconds, _MAX))


def _ruled(policy: RetryRule, attempt: int, code: str, traversal: TraversalId, node: NodeId) -> timedelta | None:
    if attempt > MAX_RETRIES:
        return None
    drawn = draw(traversal, node, attempt, 0, _DRAWN - 1) / _DRAWN
    delay = delay_by(policy, attempt, code, drawn)
    return None if delay is None else min(delay, MAX_DELAY)


def _allows(codes: RetryCodes, code: str) -> bool:
    if codes.retry_on is not None:
        return any(_matches(pattern, code) for pattern in codes.retry_on)
    return not any(_matches(pattern, code) for pattern in codes.do_not_retry or ())


def _matches(pattern: str, code: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern


def _cap(cap: timedelta | None) -> int:
    return _MAX if cap is None else min(cap // _MICROSECOND, _MAX)


def _doubled(base: timedelta, attempt: int) -> int:
    return min(base // _MICROSECOND << min(attempt - 1, _ENOUGH_DOUBLINGS), _MAX)


def _fibonacci(base: int, attempt: int) -> int:
    current, following = 1, 1
    for _ in range(attempt - 1):
        if base * current >= _MAX:
            break
        current, following = following, current + following
    return base * current


def _polynomial(base: int, attempt: int, power: float) -> int:
    if attempt <= 1:
        return base  # 1 to any power
    if 0 <= power <= _MAX_EXACT_POWER and power == int(power):
        exact: int = attempt ** int(power)
        return base * exact
    try:
        factor = float(attempt) ** float(power)
    except OverflowError:
        return _MAX if power > 0 else 0
    return _MAX if base * factor >= _MAX else round(base * factor)


def _decorrelated(base: int, cap: int, attempt: int, traversal: TraversalId, node: NodeId) -> int:
    previous = min(base, _MAX)
    for number in range(1, attempt + 1):
        previous = min(draw(traversal, node, number, base, 3 * previous), cap)
    return previous
