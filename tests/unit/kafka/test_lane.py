"""What waits to be written, and who waits for it."""

import asyncio
import gc
from typing import Any

import pytest

from waygrid_shell.adapters.kafka.lane import Call
from waygrid_shell.ports.failure import Unavailable

pytestmark = pytest.mark.anyio


async def test_who_waits_hears_of_a_failure_and_where_nobody_waits_it_is_no_line_of_the_log() -> None:
    loop = asyncio.get_running_loop()
    said: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: said.append(context))
    given_up = Call(1, loop.create_future())
    given_up.fail(Unavailable("event log", "it is being closed"))
    waited_for = Call(1, loop.create_future())
    loop.call_soon(waited_for.fail, Unavailable("event log", "it is being closed"))
    with pytest.raises(Unavailable):
        await waited_for.done
    del given_up
    gc.collect()
    assert said == []
