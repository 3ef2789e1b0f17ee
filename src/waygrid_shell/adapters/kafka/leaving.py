"""Clients that are let go of: they take their leave of the brokers in the background, in their own time."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

_log = logging.getLogger(__name__)

_leaving: Final[set["asyncio.Task[None]"]] = set()


def leave(farewell: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Run it, whatever becomes of who calls; what it raises interests nobody any more."""
    task = asyncio.get_running_loop().create_task(_run(farewell))
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)
    return task


async def _run(farewell: Coroutine[Any, Any, None]) -> None:
    try:
        await farewell
    except Exception as error:  # the seam: the driver fails in many ways when its connections are gone
        _log.debug("a client of Kafka did not take its leave: %r", error)
