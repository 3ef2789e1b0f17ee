"""Threads for handlers that block.

They are daemons: a handler that hangs in one must not keep the process from ending. A thread whose caller has given
up finishes its call, its result is dropped, and it serves others afterwards.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonThreads:
    """A pool that grows by what waits and never blocks: who limits concurrency is the caller.

    Idle threads are kept, `max_idle` of them at most.
    """

    def __init__(self, *, max_idle: int = 32) -> None:
        self._max_idle = max_idle
        self._lock = threading.Lock()
        self._idle: deque[_Thread] = deque()

    async def run(self, call: Callable[[], T]) -> T:
        """The result of `call`, made in a thread in the caller's context; on cancellation it is left to itself."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            thread = self._idle.pop() if self._idle else None
        if thread is None:
            thread = _Thread(self)
            thread.start()
        thread.give(partial(copy_context().run, call), future, loop)
        return await future

    def _rest(self, thread: "_Thread") -> bool:
        """Keep the thread for the next call; False if there are enough."""
        with self._lock:
            if len(self._idle) >= self._max_idle:
                return False
            self._idle.append(thread)
            return True


class _Thread(threading.Thread):
    def __init__(self, pool: DaemonThreads) -> None:
        super().__init__(name="waygrid-handler", daemon=True)
        self._pool = pool
        self._given = threading.Semaphore(0)
        self._next: tuple[Callable[[], Any], asyncio.Future[Any], asyncio.AbstractEventLoop] | None = None

    def give(self, call: Callable[[], Any], future: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop) -> None:
        self._next = (call, future, loop)
        self._given.release()

    def run(self) -> None:
        while True:
            self._given.acquire()
            assert self._next is not None
            call, future, loop = self._next
            self._next = None
            result: Any = None
            error: BaseException | None = None
            try:
                result = call()
            except BaseException as raised:  # the seam: whatever the call raises belongs to its caller
                error = raised
            is_kept = self._pool._rest(self)
            try:
                loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:
                return  # the loop has closed: nobody is left to tell
            if not is_kept:
                return


def _settle(future: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration):
        future.set_exception(RuntimeError(f"StopIteration: {error}"))  # a future refuses a bare one
    else:
        future.set_exception(error)
