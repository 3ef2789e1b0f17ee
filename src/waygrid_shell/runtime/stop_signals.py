"""How a process is asked to stop, and asked again."""

import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import anyio

Signals: TypeAlias = AsyncIterator[signal.Signals]


@asynccontextmanager
async def stop_signals() -> AsyncIterator[Signals]:
    """SIGINT and SIGTERM as they come, instead of what they do by themselves."""
    if sys.platform == "win32":  # there Ctrl-C comes as KeyboardInterrupt
        yield _none()
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        yield signals


async def unless_asked_again(signals: Signals, finish: Callable[[], Awaitable[None]]) -> bool:
    """Finish, and give it up at the next signal; whether it could."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_at_next, signals, tasks.cancel_scope)
        await finish()
        tasks.cancel_scope.cancel()
        return True
    return False


async def _none() -> Signals:
    await anyio.sleep_forever()
    yield signal.SIGTERM


async def _cancel_at_next(signals: Signals, scope: anyio.CancelScope) -> None:
    await anext(signals)
    scope.cancel()
