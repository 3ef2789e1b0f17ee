"""When traversals are handed in."""

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_shell.simulation.workload.arrivals import Arrivals, Bursts, Step

steps = st.builds(Step, st.floats(0.1, 100.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
arrivals = st.builds(
    Arrivals,
    st.lists(steps, max_size=4),
    st.none() | st.builds(Bursts, st.integers(1, 20), st.floats(1.0, 100.0)),
    st.booleans(),
)


@given(arrivals, st.floats(0.0, 200.0), st.integers())
def test_they_come_in_order_and_in_time_and_the_same_from_one_seed(drawn: Arrivals, seconds: float, seed: int) -> None:
    instants = list(drawn.instants(Random(seed), seconds))
    assert instants == sorted(instants)
    assert all(0.0 <= each < seconds for each in instants)
    assert instants == list(drawn.instants(Random(seed), seconds))


@given(st.lists(steps, min_size=1, max_size=4))
def test_even_ones_are_as_many_as_the_rates_come_to(drawn: list[Step]) -> None:
    expected = sum((step.first + step.last) / 2 * step.seconds for step in drawn)
    instants = list(Arrivals(drawn, is_even=True).instants(Random(1), inf))
    assert len(instants) == pytest.approx(expected, abs=1.0)


def test_even_ones_are_at_equal_distances() -> None:
    assert list(Arrivals([Step(inf, 4.0, 4.0)], is_even=True).instants(Random(1), 1.01)) == [0.25, 0.5, 0.75, 1.0]


def test_poisson_arrivals_have_the_rate_and_vary_as_much() -> None:
    counts = [len(list(Arrivals([Step(inf, 20.0, 20.0)]).instants(Random(seed), 50.0))) for seed in range(200)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    assert mean == pytest.approx(1000.0, rel=0.01)
    assert variance == pytest.approx(1000.0, rel=0.35)


def test_a_ramp_has_a_quarter_of_its_arrivals_in_its_first_half() -> None:
    instants = list(Arrivals([Step(1000.0, 0.0, 20.0)]).instants(Random(3), 1000.0))
    assert len(instants) == pytest.approx(10_000, rel=0.05)
    assert sum(each < 500.0 for each in instants) / len(instants) == pytest.approx(0.25, abs=0.02)


def test_a_step_without_arrivals_has_none_and_the_next_goes_on() -> None:
    quiet = Arrivals([Step(10.0, 1.0, 1.0), Step(100.0, 0.0, 0.0), Step(10.0, 1.0, 1.0)], is_even=True)
    instants = list(quiet.instants(Random(1), inf))
    assert not [each for each in instants if 10.0 < each < 110.0]
    assert len([each for each in instants if each > 110.0]) == 10


def test_bursts_come_at_once_the_first_after_half_of_their_time() -> None:
    burst = Arrivals([Step(inf, 0.0, 0.0)], Bursts(3, 60.0))
    assert list(burst.instants(Random(1), 100.0)) == [30.0] * 3 + [90.0] * 3
