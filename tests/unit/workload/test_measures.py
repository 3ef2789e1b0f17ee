"""What is counted, and what it comes to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_shell.simulation.workload.measures import Latency, Level, is_growing, latency_of
from waygrid_shell.simulation.workload.spans import span_text


def test_percentiles_are_values_that_were_there() -> None:
    latency = latency_of(float(each) for each in range(1, 101))
    assert (latency.p50, latency.p90, latency.p99, latency.most) == (50.0, 90.0, 99.0, 100.0)
    assert (latency.count, latency.mean) == (100, 50.5)


def test_where_nothing_was_all_is_nought() -> None:
    assert latency_of([]) == Latency()


@given(st.lists(st.floats(0.0, 1e6), min_size=1))
def test_at_least_so_many_took_no_longer_than_a_percentile(seconds: list[float]) -> None:
    latency = latency_of(seconds)
    for share, value in ((0.5, latency.p50), (0.9, latency.p90), (0.99, latency.p99)):
        assert value in seconds
        assert sum(each <= value for each in seconds) >= share * len(seconds)
        assert sum(each < value for each in seconds) < share * len(seconds)


def test_a_level_sums_up_over_time_and_remembers_its_highest() -> None:
    level = Level()
    level.add(2, 10.0)
    level.add(1, 12.0)
    level.add(-3, 15.0)
    assert (level.count, level.most, level.area_at(100.0)) == (0, 3, 2 * 2.0 + 3 * 3.0)
    level.add(1, 20.0)
    assert level.area_at(22.0) == 13.0 + 2.0


@pytest.mark.parametrize(
    ("levels", "grows"),
    [
        ([float(each) for each in range(100)], True),
        ([50.0 + each % 7 for each in range(100)], False),
        ([float(100 - each) for each in range(100)], False),
        ([3.0] * 75 + [6.0] * 25, False),  # as much as chance does to so few
        ([0.0] * 75 + [80.0] * 25, True),
        ([5.0], False),
    ],
)
def test_a_level_grows_if_it_is_clearly_higher_at_the_end(levels: list[float], grows: bool) -> None:
    assert is_growing(levels) is grows


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.0028, "2.8ms"),
        (0.35, "350ms"),
        (0.9996, "1s"),
        (1.25, "1.25s"),
        (47.31, "47.3s"),
        (59.97, "1m"),
        (125.0, "2m 5s"),
        (3600.0, "1h"),
        (5400.0, "1h 30m"),
        (273_600.0, "3d 4h"),
    ],
)
def test_spans_are_short(seconds: float, text: str) -> None:
    assert span_text(seconds) == text
