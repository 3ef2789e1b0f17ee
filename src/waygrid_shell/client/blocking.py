"""`SyncWaygridClient`: the same client for programs that do not await."""

import asyncio
import functools
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from waygrid_shell.client.asynchronous import WaygridClient

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    method: Callable[Concatenate[WaygridClient, P], Coroutine[Any, Any, T]],
) -> "Callable[Concatenate[SyncWaygridClient, P], T]":
    """The method, waited for."""

    @functools.wraps(method)
    def wait(self: "SyncWaygridClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait(method(self._client, *args, **kwargs))

    return wait


def _iterating(
    method: Callable[Concatenate[WaygridClient, P], AsyncGenerator[T, None]],
) -> "Callable[Concatenate[SyncWaygridClient, P], Iterator[T]]":
    """The method, each of whose items is waited for."""

    @functools.wraps(method)
    def iterate(self: "SyncWaygridClient", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        items = method(self._client, *args, **kwargs)
        try:
            while True:
                try:
                    item = self._wait(_next(items))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            if not self._is_closed:
                self._wait(_close(items))

    return iterate


async def _next(items: AsyncGenerator[T, None]) -> T:
    return await anext(items)


async def _close(items: AsyncGenerator[T, None]) -> None:
    with suppress(RuntimeError):  # it is closing already: its last step was canceled
        await items.aclose()


class SyncWaygridClient:
    """As `WaygridClient`, but its methods block, and what that iterates over with `async for` this does with `for`.

    It has a thread with an event loop of its own, so it may be used from any thread, from several at once, and while
    a loop runs in yours (which stands still meanwhile). Use it with `with`, or call `close`.
    """

    def __init__(
        self,
        server: str | None = None,
        key: str | None = None,
        *,
        timeout: timedelta = timedelta(seconds=30),
        first_contact: timedelta = timedelta(seconds=5),
    ) -> None:
        self._client = WaygridClient(server, key, timeout=timeout, first_contact=first_contact)
        self._is_closed = False
        self._closing = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="waygrid-client", daemon=True)
        self._thread.start()
        self._wait(self._client.__aenter__())

    submit = _blocking(WaygridClient.submit)
    submit_batch = _blocking(WaygridClient.submit_batch)
    run = _blocking(WaygridClient.run)
    get = _blocking(WaygridClient.get)
    wait = _blocking(WaygridClient.wait)
    result = _blocking(WaygridClient.result)
    list = _iterating(WaygridClient.list)
    history = _iterating(WaygridClient.history)
    watch = _iterating(WaygridClient.watch)
    cancel = _blocking(WaygridClient.cancel)
    pause = _blocking(WaygridClient.pause)
    resume = _blocking(WaygridClient.resume)
    retry = _blocking(WaygridClient.retry)
    send_event = _blocking(WaygridClient.send_event)
    tell = _blocking(WaygridClient.tell)
    dag = _blocking(WaygridClient.dag)
    validate = _blocking(WaygridClient.validate)
    export_journal = _blocking(WaygridClient.export_journal)
    save_journal = _blocking(WaygridClient.save_journal)
    import_journal = _blocking(WaygridClient.import_journal)
    store = _blocking(WaygridClient.store)
    dead_letters = _iterating(WaygridClient.dead_letters)
    dead_letter = _blocking(WaygridClient.dead_letter)
    redrive = _blocking(WaygridClient.redrive)
    discard = _blocking(WaygridClient.discard)
    principals = _blocking(WaygridClient.principals)
    add_principal = _blocking(WaygridClient.add_principal)
    remove_principal = _blocking(WaygridClient.remove_principal)
    audit = _iterating(WaygridClient.audit)
    health = _blocking(WaygridClient.health)
    processes = _blocking(WaygridClient.processes)

    @property
    def server(self) -> str:
        """Its URL."""
        return self._client.server

    def close(self) -> None:
        """Hang up. Calls under way in other threads are given up; closing twice is no matter."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def _hang_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()
        await self._client.__aexit__(None, None, None)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._is_closed:
            work.close()
            raise RuntimeError("the client is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C in this thread, say: what nobody waits for any more is not done either.
            future.cancel()
            raise
