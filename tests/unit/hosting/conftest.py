"""What speaks to nobody, and waits all the same."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
