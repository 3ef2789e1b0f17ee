"""When the client tries again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from waygrid_shell.client.patience import Patience, retry_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_delays_grow_to_a_bound_and_are_never_all_alike() -> None:
    async def delays() -> list[float | None]:
        patience = Patience(timedelta(hours=1))
        return [patience.delay() for _ in range(40)]

    first, second = asyncio.run(delays()), asyncio.run(delays())
    assert first != second
    for number, delay in enumerate(first):
        assert delay is not None
        longest = min(0.1 * 2**number, 5.0)
        assert longest / 2 <= delay <= longest


def test_a_server_that_asks_for_more_time_gets_it_if_there_is_any() -> None:
    async def asked() -> tuple[float | None, float | None]:
        patience = Patience(timedelta(minutes=1))
        return patience.delay(30.0), patience.delay(90.0)

    assert asyncio.run(asked()) == (30.0, None)


def test_shortened_patience_never_grows() -> None:
    async def remaining() -> float:
        patience = Patience(timedelta(seconds=1))
        patience.shorten(timedelta(hours=1))
        return patience.remaining_seconds

    assert asyncio.run(remaining()) <= 1.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("-7", 0.0),
        ("soon", 0.0),
        ("9" * 400, 999_999_999.0),
        ("Thu, 01 Jan 2026 00:00:10 GMT", 10.0),
        ("Thu, 01 Jan 2026 00:00:10 -0000", 10.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(header: str | None, seconds: float) -> None:
    assert retry_after(header, NOW) == seconds
