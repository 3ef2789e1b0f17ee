"""The deadline of one attempt, for handlers that may not hear it at once.

asyncio's own timeout cancels once, and whoever catches that goes on for ever; anyio's repeats it at full speed, and
whoever catches all of them leaves the event loop no time for anything else. This one repeats it once a second.
"""

import asyncio
from types import TracebackType
from typing import Final

AGAIN_SECONDS: Final = 1.0


class Deadline:
    """`async with Deadline(seconds)`: cancels what is inside when it has taken so long, and raises `TimeoutError`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._cancels = 0

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._task = task
        self._canceled_before = task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._seconds, self._cancel)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        for _ in range(self._cancels):
            self._task.uncancel()
        is_ours = self._cancels > 0 and self._task.cancelling() <= self._canceled_before
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _cancel(self) -> None:
        self._cancels += 1
        self._task.cancel()
        self._timer = self._loop.call_later(AGAIN_SECONDS, self._cancel)
