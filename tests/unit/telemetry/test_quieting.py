"""A driver that repeats itself is heard once a minute."""

import logging
from uuid import uuid4

import pytest

from waygrid_shell.telemetry import quieting
from waygrid_shell.telemetry.quieting import quiet


def test_trouble_is_told_once_and_the_next_time_with_how_often_it_was_repeated(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"driver-{uuid4().hex}"
    quiet(name, "the server", trouble_from=logging.WARNING)
    quiet(name, "the server", trouble_from=logging.WARNING)
    driver = logging.getLogger(name)
    with caplog.at_level(logging.INFO):
        for number in range(5):
            driver.info("it is tried")
            driver.warning("no answer\n\tto try %d", number)
        monkeypatch.setattr(quieting, "_TOLD_EVERY_SECONDS", 0.0)
        driver.error("no answer at all")
    assert [record.getMessage() for record in caplog.records] == [
        "trouble with the server: no answer to try 0",
        "trouble with the server: no answer at all (4 more such lines since the last one)",
    ]
