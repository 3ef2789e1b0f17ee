"""Places for work: so many pieces at once, in the order in which they were given.

A place is a task that goes from one piece of work to the next, so work that never waits costs no task of its own. Each
piece runs in a copy of the context, as if it had one: what a handler binds there is gone when it has ended.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context, copy_context
from typing import Any, Generic, TypeVar

from anyio.abc import TaskGroup

T = TypeVar("T")
W = TypeVar("W")


class Places(Generic[W]):
    """`count` places, in `tasks`, at which `do` is done for whatever is given; it is told the task of its place.

    `do` may have that task canceled, and must then put it right again (`Task.uncancel`), or let itself be ended.
    """

    def __init__(
        self, count: int, do: Callable[[W, "asyncio.Task[None]"], Coroutine[Any, Any, None]], tasks: TaskGroup
    ) -> None:
        self._count = count
        self._do = do
        self._tasks = tasks
        self._given: deque[W] = deque()
        self._made = 0
        self._resting: list[asyncio.Future[None]] = []
        self._is_called = False
        self._lost: set[asyncio.Task[None]] = set()
        self._has_begun_one = asyncio.Event()

    def give(self, work: W) -> None:
        """Have it done as soon as there is a free place."""
        self._given.append(work)
        self._call()

    async def wait_for_room(self, most: int) -> None:
        """Return once fewer than `most` pieces wait for a place."""
        while len(self._given) >= most:
            self._has_begun_one.clear()
            await self._has_begun_one.wait()

    def replace(self, place: "asyncio.Task[None]") -> None:
        """Have another place instead of this one, which will not come back from its work; if it does, it goes."""
        self._lost.add(place)
        self._made -= 1
        self._call()

    def _call(self) -> None:
        """Have one more place look for work, unless one is on its way already: it calls the next one itself."""
        if self._is_called or not self._given:
            return
        while self._resting and self._resting[-1].done():
            self._resting.pop()  # its place has been canceled in this very turn of the loop, as all of them are
        if self._resting:
            self._resting.pop().set_result(None)
        elif self._made < self._count:
            self._made += 1
            self._tasks.start_soon(self._serve)
        else:
            return
        self._is_called = True

    async def _serve(self) -> None:
        loop, place = asyncio.get_running_loop(), asyncio.current_task()
        assert place is not None, "a coroutine runs in a task"
        while True:
            self._is_called = False
            while self._given:
                work = self._given.popleft()
                self._has_begun_one.set()
                self._call()  # this piece may wait, and the next one need not wait for it
                await _Isolated(self._do(work, place), copy_context())
                if place in self._lost:
                    self._lost.discard(place)
                    return
            rest: asyncio.Future[None] = loop.create_future()
            self._resting.append(rest)
            await rest


class _Isolated(Awaitable[T]):
    """A coroutine that runs in a context of its own, in the task that awaits it."""

    __slots__ = ("_context", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, T], context: Context) -> None:
        self._coroutine = coroutine
        self._context = context

    def __await__(self) -> Generator[Any, Any, T]:
        run, coroutine = self._context.run, self._coroutine
        step: Callable[[Any], Any] = coroutine.send
        given: Any = None
        while True:
            try:
                waits_for = run(step, given)
            except StopIteration as stop:
                result: T = stop.value
                return result
            try:
                step, given = coroutine.send, (yield waits_for)
            except GeneratorExit:
                run(coroutine.close)
                raise
            except BaseException as error:  # the seam: cancellation and all else is the coroutine's to handle
                step, given = coroutine.throw, error
