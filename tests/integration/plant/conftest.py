"""A receiver on real sockets."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.plant.receiver import Receiver
from tests.integration.services.attempts import serving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with serving(receiver.handle) as url:
        receiver.url = f"{url}/hook"
        yield receiver
