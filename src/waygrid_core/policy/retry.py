"""Retry policies: when a failed attempt is made again."""

from datetime import timedelta
from typing import TypeAlias

from attrs import frozen

from waygrid_core.extension.extension import RetryRule


@frozen
class RetryCodes:
    """Which error codes are retried. Not both lists are set; a code that ends in `*` is a prefix."""

    do_not_retry: tuple[str, ...] | None = None
    retry_on: tuple[str, ...] | None = None


@frozen
class NoRetry:
    """`None`: the first failure is for good."""


@frozen
class Linear:
    """The same delay each time."""

    base: timedelta
    max_retries: int
    codes: RetryCodes = RetryCodes()


@frozen
class Exponential:
    """base * 2^(n-1)."""

    base: timedelta
    max_retries: int
    codes: RetryCodes = RetryCodes()


@frozen
class BoundedExponential:
    """base * 2^(n-1), at most `cap`."""

    base: timedelta
    cap: timedelta
    max_retries: int
    codes: RetryCodes = RetryCodes()


@frozen
class Fibonacci:
    """base * F(n), F = 1, 1, 2, 3, 5."""

    base: timedelta
    max_retries: int
    codes: RetryCodes = RetryCodes()


@frozen
class Polynomial:
    """base * n^power."""

    base: timedelta
    power: float
    max_retries: int
    codes: RetryCodes = RetryCodes()


@frozen
class FullJitter:
    """Uniform in [0, min(cap, base * 2^(n-1))]."""

    base: timedelta
    max_retries: int
    cap: timedelta | None = None
    codes: RetryCodes = RetryCodes()


@frozen
class DecorrelatedJitter:
    """Uniform in [base, 3 * previous] up to `cap`; previous is the base at first."""

    base: timedelta
    max_retries: int
    cap: timedelta | None = None
    codes: RetryCodes = RetryCodes()


CountedRetry: TypeAlias = (
    Linear | Exponential | BoundedExponential | Fibonacci | Polynomial | FullJitter | DecorrelatedJitter
)
"""A policy that says how often it retries, and which codes."""

OwnRetry: TypeAlias = NoRetry | CountedRetry
"""Waygrid's own policies."""

RetryPolicy: TypeAlias = OwnRetry | RetryRule
