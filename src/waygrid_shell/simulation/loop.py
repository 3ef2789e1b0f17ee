"""An event loop in virtual time: when nothing is ready, its time jumps to the next timer.

There are no threads and no sockets, so nothing happens that the loop did not begin, and the same calls come in the same
order in every run. Two things are done for that beside the loop: tasks and cancel scopes are hashed by number, since
anyio keeps them in sets and cancels in the order of these; and what runs in an executor runs at once, in place.
(`anyio.to_thread` starts threads of its own: it is not for code that runs here.)

Whose a callback is, its context says: those of a `Domain` can be held, as a process is by SIGSTOP, and let go again.
"""

import asyncio
import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from anyio._backends import _asyncio as anyio_backend

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_MOST_AT_ONE_INSTANT: Final = 500_000
"""Callbacks without any time passing: from then on something runs in a circle."""


class Stalled(Exception):  # noqa: N818 - it says what happened
    """Nothing is ready, nothing is due ever, and what was to be run has not ended."""


class Circle(Exception):  # noqa: N818 - it says what happened
    """Callbacks call callbacks, and no time passes."""


class Domain:
    """Whose callbacks those of some contexts are: those of one process, say. While it is held, none of them is called;
    what they wait for may happen meanwhile.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_held = False
        self.is_over = False
        """Whether whoever it stands for is no more: what still runs cleans up, and must do nothing else."""
        self._held: list[asyncio.Handle] = []

    def context(self) -> Context:
        """A context whose callbacks, and those that they call for, are this domain's."""
        context = Context()
        context.run(_DOMAIN.set, self)
        return context

    def hold(self) -> None:
        """Call none of them from now on."""
        self.is_held = True

    def let_go(self, loop: "VirtualLoop") -> None:
        """Call what was to be called meanwhile, in order, and go on."""
        self.is_held = False
        held, self._held = self._held, []
        loop.take_back(held)

    def keep(self, handle: asyncio.Handle) -> None:
        """Keep a callback until it may be called."""
        self._held.append(handle)


_DOMAIN: Final[ContextVar[Domain]] = ContextVar("domain")


def current_domain() -> Domain | None:
    """Whose code this is; None for the world outside."""
    return _DOMAIN.get(None)


NOBODY: Final = Context()
"""The context of what belongs to no domain: the world outside of all processes."""


class VirtualLoop(asyncio.BaseEventLoop):
    """See the module. Its time begins at 0; units are seconds, as of any loop."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._soon: deque[asyncio.Handle] = deque()
        self._due: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._at_this_instant = 0
        self.problems: list[str] = []
        """What nobody caught: a future's exception that was never looked at, a callback that raised."""
        self.set_exception_handler(_note_problem)

    @staticmethod
    def running() -> "VirtualLoop":
        """The one that runs here."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop), "this is for virtual time"
        return loop

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._soon.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if when < math.inf:  # who sleeps for ever waits for no instant
            heapq.heappush(self._due, (when, self.next_number(), handle))
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Arguments]], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def create_task(
        self, coro: Any, *, name: Any = None, context: Context | None = None, **_: Any
    ) -> "asyncio.Task[Any]":
        return _Task(coro, loop=self, name=name, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Arguments]], T], *args: *Arguments
    ) -> "asyncio.Future[T]":
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # the seam: it is the caller's
            future.set_exception(error)
        return future

    def next_number(self) -> int:
        """One that nothing else of this loop has; they rise."""
        return next(self._numbers)

    def take_back(self, handles: list[asyncio.Handle]) -> None:
        """Call these before anything else."""
        self._soon.extendleft(reversed(handles))

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when it is due."""

    def _run_once(self) -> None:
        if not self._soon:
            self._jump()
        soon = self._soon
        self._at_this_instant += len(soon)
        if self._at_this_instant > _MOST_AT_ONE_INSTANT:
            raise Circle(f"{self._at_this_instant} callbacks at {self._now:.6f} s; the next one is {soon[0]!r}")
        for _ in range(len(soon)):
            handle = soon.popleft()
            if handle.cancelled():
                continue
            domain = handle._context.get(_DOMAIN)  # type: ignore[attr-defined]
            if domain is not None and domain.is_held:
                domain.keep(handle)
            else:
                handle._run()

    def _jump(self) -> None:
        due = self._due
        while due and due[0][2].cancelled():
            heapq.heappop(due)
        if not due:
            raise Stalled(f"at {self._now:.6f} s there is nothing to wait for")
        if due[0][0] > self._now:
            self._now = due[0][0]
            self._at_this_instant = 0
        while due and due[0][0] <= self._now:
            _, _, handle = heapq.heappop(due)
            if not handle.cancelled():
                self._soon.append(handle)


def run_virtually(main: Callable[[], Coroutine[Any, Any, T]]) -> tuple[T, VirtualLoop]:
    """The result of `main`, run on a loop of its own, and that loop, closed. No other loop may run in this thread.

    Raises what it raises, `Stalled` and `Circle`.
    """
    loop = VirtualLoop()
    with _scopes_by_number():
        try:
            return loop.run_until_complete(main()), loop
        finally:
            loop.close()


class _Task(asyncio.Task[T]):
    """A task that is hashed by number: sets of tasks then have one order."""

    _number: int

    def __new__(cls, *_: Any, loop: VirtualLoop, **__: Any) -> "_Task[T]":
        task = super().__new__(cls)
        task._number = loop.next_number()
        return task

    def __hash__(self) -> int:
        return self._number


class _Scope(anyio_backend.CancelScope):
    """The same for cancel scopes."""

    __slots__ = ("_number",)

    def __init__(self, deadline: float = math.inf, shield: bool = False) -> None:
        loop = asyncio.get_running_loop()
        self._number = loop.next_number() if isinstance(loop, VirtualLoop) else id(self)
        super().__init__(deadline, shield)

    def __hash__(self) -> int:
        return self._number


@contextmanager
def _scopes_by_number() -> Iterator[None]:
    """Cancel scopes of anyio that are made meanwhile are hashed by number."""
    usual = anyio_backend.CancelScope
    anyio_backend.CancelScope = _Scope  # type: ignore[misc]
    try:
        yield
    finally:
        anyio_backend.CancelScope = usual  # type: ignore[misc]


def _note_problem(loop: asyncio.AbstractEventLoop, found: dict[str, Any]) -> None:
    assert isinstance(loop, VirtualLoop)
    loop.problems.append(f"{found.get('message')}: {found.get('exception')!r}")


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing, as those of ports in memory."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError(f"{coroutine!r} waits; what happens at a server must not")
