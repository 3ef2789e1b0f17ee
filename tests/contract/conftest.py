"""Each contract test runs against every adapter of its port, and opens it again as a process does that was killed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from waygrid_shell.runtime.wiring import OpenPorts, Ports, memory_ports, sqlite_ports


@pytest.fixture(params=["memory", "sqlite"])
def open_ports(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPorts:
    if request.param == "sqlite":
        return lambda: sqlite_ports(tmp_path)
    kept = memory_ports()

    @asynccontextmanager
    async def in_memory() -> AsyncIterator[Ports]:
        yield kept

    return in_memory
