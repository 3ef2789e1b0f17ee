"""Topics of a user's own, whatever keeps them."""

import pytest

from waygrid_shell.adapters.memory.record_log import MemoryRecordLog
from waygrid_shell.ports.record_log import RecordLog

TOPICS = ("orders", "paid", "other")


@pytest.fixture(params=["memory"])
async def records(request: pytest.FixtureRequest) -> RecordLog:
    """A log with `TOPICS`."""
    return MemoryRecordLog(TOPICS)
