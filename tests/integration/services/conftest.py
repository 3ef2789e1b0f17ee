"""The services that come with Waygrid, against real servers on loopback."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
