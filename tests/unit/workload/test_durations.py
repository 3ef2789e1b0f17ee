"""How long something takes."""

from random import Random

import pytest

from waygrid_shell.simulation.workload.durations import Constant, Duration, Exponential, LogNormal, Uniform
from waygrid_shell.simulation.workload.measures import latency_of

DURATIONS = [Constant(0.3), Uniform(0.1, 0.5), Exponential(0.3), LogNormal(0.3, 2.0)]


@pytest.mark.parametrize("duration", DURATIONS, ids=lambda each: type(each).__name__)
def test_what_is_drawn_has_the_mean_that_it_says(duration: Duration) -> None:
    chance = Random(5)
    drawn = [duration.draw(chance) for _ in range(20_000)]
    assert min(drawn) >= 0.0
    assert sum(drawn) / len(drawn) == pytest.approx(duration.mean, rel=0.03)


def test_a_log_normal_one_has_the_median_and_the_p99_that_it_says() -> None:
    chance = Random(5)
    latency = latency_of(LogNormal(0.3, 2.0).draw(chance) for _ in range(50_000))
    assert latency.p50 == pytest.approx(0.3, rel=0.03)
    assert latency.p99 == pytest.approx(2.0, rel=0.06)


def test_uniform_ones_keep_to_their_bounds() -> None:
    chance = Random(5)
    drawn = [Uniform(0.1, 0.5).draw(chance) for _ in range(1_000)]
    assert 0.1 <= min(drawn) < 0.11
    assert 0.49 < max(drawn) <= 0.5
