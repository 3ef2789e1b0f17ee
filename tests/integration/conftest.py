"""What most tests of the shell stand on: one backend, ports of both technologies, and the API over them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.api.serving import Api, serving
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports


@pytest.fixture(params=["memory", "sqlite"])
async def ports(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ports]:
    """The ports of a plant, in memory and in a file."""
    if request.param == "memory":
        yield memory_ports()
        return
    async with sqlite_ports(tmp_path / "data") as ports:
        yield ports


@pytest.fixture
async def api(ports: Ports) -> AsyncIterator[Api]:
    """The API of a plant that runs and serves nothing of a user's, without keys."""
    async with serving(ports) as api:
        yield api
