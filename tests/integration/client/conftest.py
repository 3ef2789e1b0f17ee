"""What tests of the client share."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
