"""Retry delays: the formula of each policy, its bounds, and what is retried at all."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.policy.delay import MAX_DELAY, may_retry, retry_delay
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
)

TRAVERSAL, NODE = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S"), NodeId("0123456789abcdef")
SECOND = timedelta(seconds=1)

BASES = st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=3650))
RETRIES = st.integers(1, 100)
POLICIES: st.SearchStrategy[OwnRetry] = st.one_of(
    st.builds(Linear, BASES, RETRIES),
    st.builds(Exponential, BASES, RETRIES),
    st.builds(BoundedExponential, BASES, BASES, RETRIES),
    st.builds(Fibonacci, BASES, RETRIES),
    st.builds(Polynomial, BASES, st.floats(allow_nan=False) | st.integers(-(10**400), 10**400), RETRIES),
    st.builds(FullJitter, BASES, RETRIES, st.none() | BASES),
    st.builds(DecorrelatedJitter, BASES, RETRIES, st.none() | BASES),
)


def seconds(policy: OwnRetry, attempts: int) -> list[float]:
    return [retry_delay(policy, attempt, TRAVERSAL, NODE) / SECOND for attempt in range(1, attempts + 1)]


@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (Linear(2 * SECOND, 9), [2, 2, 2]),
        (Exponential(SECOND, 9), [1, 2, 4, 8, 16]),
        (BoundedExponential(SECOND, 5 * SECOND, 9), [1, 2, 4, 5, 5]),
        (Fibonacci(2 * SECOND, 9), [2, 2, 4, 6, 10, 16]),
        (Polynomial(SECOND, 2, 9), [1, 4, 9, 16]),
        (Polynomial(SECOND, 0.5, 9), [1, 1.414214, 1.732051, 2]),
        (Polynomial(SECOND, 0, 9), [1, 1, 1]),
    ],
)
def test_a_policy_follows_its_formula(policy: OwnRetry, delays: list[float]) -> None:
    assert seconds(policy, len(delays)) == delays


@pytest.mark.parametrize(
    "policy",
    [
        Linear(timedelta(days=3650), 100),
        Exponential(SECOND, 100),
        BoundedExponential(SECOND, timedelta(days=3650), 100),
        Fibonacci(SECOND, 100),
        Polynomial(SECOND, 1e308, 100),
        Polynomial(SECOND, float("inf"), 100),
        Polynomial(SECOND, 10**400, 100),
        Polynomial(SECOND, 63.5, 100),
    ],
)
def test_a_delay_saturates_at_365_days(policy: OwnRetry) -> None:
    assert retry_delay(policy, 100, TRAVERSAL, NODE) == MAX_DELAY
    assert retry_delay(policy, 10**9, TRAVERSAL, NODE) == MAX_DELAY


@given(POLICIES, st.integers(1, 100))
def test_no_delay_raises_or_leaves_its_range(policy: OwnRetry, attempt: int) -> None:
    delay = retry_delay(policy, attempt, TRAVERSAL, NODE)
    assert timedelta(0) <= delay <= MAX_DELAY
    assert delay == retry_delay(policy, attempt, TRAVERSAL, NODE)


@given(BASES, st.none() | BASES, st.integers(1, 100))
def test_full_jitter_stays_below_the_exponential_and_the_cap(base: timedelta, cap: timedelta | None, n: int) -> None:
    delay = retry_delay(FullJitter(base, 100, cap), n, TRAVERSAL, NODE)
    assert delay <= retry_delay(Exponential(base, 100), n, TRAVERSAL, NODE)
    assert cap is None or delay <= cap


@given(BASES, st.none() | BASES, st.integers(1, 30))
def test_decorrelated_jitter_lies_between_its_base_and_three_times_the_one_before(
    base: timedelta, cap: timedelta | None, n: int
) -> None:
    policy = DecorrelatedJitter(base, 100, cap)
    top = min(MAX_DELAY, cap or MAX_DELAY)
    before = min(base, MAX_DELAY) if n == 1 else retry_delay(policy, n - 1, TRAVERSAL, NODE)
    assert min(base, top) <= retry_delay(policy, n, TRAVERSAL, NODE) <= min(max(3 * before, base), top)


def test_jitter_draws_the_same_in_a_replay_and_differs_between_nodes_and_attempts() -> None:
    policy = FullJitter(timedelta(hours=1), 100)
    assert retry_delay(policy, 1, TRAVERSAL, NODE) == timedelta(seconds=2990, microseconds=430888)
    others = {
        retry_delay(policy, 1, TRAVERSAL, NODE),
        retry_delay(policy, 2, TRAVERSAL, NODE),
        retry_delay(policy, 1, TRAVERSAL, NodeId("fedcba9876543210")),
        retry_delay(policy, 1, TraversalId("01HF7YAT00JHBSZVQ34JJ436NK"), NODE),
    }
    assert len(others) == 4


def test_a_draw_reaches_both_ends_and_is_even() -> None:
    drawn = [draw(TRAVERSAL, NODE, number, 10, 13) for number in range(4_000)]
    assert set(drawn) == {10, 11, 12, 13}
    assert all(900 < drawn.count(value) < 1_100 for value in set(drawn))
    assert draw(TRAVERSAL, NODE, 1, 5, 5) == 5


def test_there_are_as_many_retries_as_the_policy_says() -> None:
    policy = Linear(SECOND, 2)
    assert [may_retry(policy, attempt, "failed") for attempt in (1, 2, 3)] == [True, True, False]
    assert not may_retry(NoRetry(), 1, "failed")


@pytest.mark.parametrize(
    ("codes", "code", "is_retried"),
    [
        (RetryCodes(), "anything", True),
        (RetryCodes(do_not_retry=("http-404", "bad-*")), "http-404", False),
        (RetryCodes(do_not_retry=("http-404", "bad-*")), "http-4040", True),
        (RetryCodes(do_not_retry=("http-404", "bad-*")), "bad-", False),
        (RetryCodes(do_not_retry=("http-404", "bad-*")), "bad", True),
        (RetryCodes(do_not_retry=()), "x", True),
        (RetryCodes(do_not_retry=("*",)), "x", False),
        (RetryCodes(retry_on=("http-5*", "timeout")), "http-503", True),
        (RetryCodes(retry_on=("http-5*", "timeout")), "timeout", True),
        (RetryCodes(retry_on=("http-5*", "timeout")), "failed", False),
        (RetryCodes(retry_on=()), "timeout", False),
        (RetryCodes(retry_on=("a*b",)), "a*b", True),
        (RetryCodes(retry_on=("a*b",)), "axb", False),
    ],
)
def test_a_policy_retries_the_codes_that_it_names(codes: RetryCodes, code: str, is_retried: bool) -> None:
    assert may_retry(Linear(SECOND, 3, codes), 1, code) is is_retried
