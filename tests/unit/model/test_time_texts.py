"""Durations and instants as users write them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.model.duration import MAX_DURATION, parse_duration, write_duration
from waygrid_core.model.instant import parse_instant, write_instant
from waygrid_core.outcome import Failure


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("1.5s", timedelta(seconds=1.5)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("3650d", MAX_DURATION),
        ("0.001ms", timedelta(microseconds=1)),
        ("007s", timedelta(seconds=7)),
        ("0.1d", timedelta(hours=2, minutes=24)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, duration: timedelta) -> None:
    assert parse_duration(text).unwrap() == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5 s",
        "-5s",
        "+5s",
        ".5s",
        "5.s",
        "5S",
        "5sec",
        "1e3s",
        "0s",
        "0.0001ms",
        "3650.1d",
        "3651d",
        "9" * 41,
        "\u0663s",
        "5s\n",
        " 5s",
        "9" * 5000 + "s",
        "9" * 30 + "d",
    ],
)
def test_what_is_no_duration_gets_a_sentence(text: str) -> None:
    problem = parse_duration(text)
    assert isinstance(problem, Failure)
    assert len(problem.failure()) < 200


@given(st.timedeltas(min_value=timedelta(microseconds=1), max_value=MAX_DURATION))
def test_a_duration_reads_back_from_its_text(duration: timedelta) -> None:
    assert parse_duration(write_duration(duration)).unwrap() == duration


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31t08:00:00z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        ("2026-01-31T08:00:00.1234569-00:30", datetime(2026, 1, 31, 8, 30, 0, 123456, tzinfo=UTC)),
    ],
)
def test_an_instant_is_rfc_3339_with_an_offset(text: str, instant: datetime) -> None:
    parsed = parse_instant(text).unwrap()
    assert parsed == instant
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T08:00:00",
        "2026-01-31 08:00:00Z",
        "2026-02-30T08:00:00Z",
        "2026-01-31T25:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "9999-12-31T23:59:59-01:00",
        "20260131T080000Z",
        "2026-01-31T08:00:00+02:60",
        "2026-01-31T08:00Z",
        "2026-01-31T08:00:00.Z",
        "\u0662026-01-31T08:00:00Z",
        "2026-01-31T08:00:00Z\n",
    ],
)
def test_what_is_no_instant_gets_a_sentence(text: str) -> None:
    assert isinstance(parse_instant(text), Failure)


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_an_instant_reads_back_from_its_text(instant: datetime) -> None:
    assert parse_instant(write_instant(instant)).unwrap() == instant
