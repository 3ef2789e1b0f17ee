"""Tests of what must not happen, whatever happens."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
