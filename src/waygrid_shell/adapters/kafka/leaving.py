"""Clients come and go whole: who is canceled in between leaves it to the background.

Canceled half way the driver loses connections that it is making. And who takes leave of the brokers does so in his own
time, but before the event loop is closed.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

import anyio

_log = logging.getLogger(__name__)

_START_SECONDS: Final = 10.0

_leaving: Final[set["asyncio.Task[None]"]] = set()


def leave(farewell: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    """Run it, whatever becomes of who calls; what it raises interests nobody any more."""
    task = asyncio.get_running_loop().create_task(_run(farewell))
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)
    return task


async def begin(client: Any, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a client. If that fails, or who waits is canceled, it is closed once it has started, in the background."""
    starting = asyncio.get_running_loop().create_task(client.start())
    try:
        await asyncio.shield(starting)
    except BaseException:
        leave(_close_once_started(starting, close))
        raise


async def _close_once_started(starting: "asyncio.Task[Any]", close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await asyncio.wait((starting,), timeout=_START_SECONDS)
    starting.cancel()
    await asyncio.wait((starting,))
    if not starting.cancelled():
        starting.exception()  # whoever waited has it
    await close()


async def all_left(within_seconds: float) -> None:
    """Return once all who take leave have done so, or it takes too long."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    tasks = [task for task in _leaving if task.get_loop() is loop and task is not this]
    if tasks:
        with anyio.CancelScope(shield=True):
            await asyncio.wait(tasks, timeout=within_seconds)


async def _run(farewell: Coroutine[Any, Any, None]) -> None:
    try:
        await farewell
    except Exception as error:  # the seam: the driver fails in many ways when its connections are gone
        _log.debug("a client of Kafka did not take its leave: %r", error)
