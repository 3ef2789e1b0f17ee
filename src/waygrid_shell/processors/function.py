"""A user's own Python functions as processors and destinations.

    from waygrid_shell.processors.function import App, Attempt, Failed

    app = App()

    @app.processor("inventory")
    def reserve(order):                            # the node's input; returns JSON
        if order["quantity"] > 10:
            raise Failed("out-of-stock", "only 10 are left")
        return {"reserved": order["quantity"]}

    @app.processor("payment", concurrency=8, timeout="30s")
    async def charge(order, attempt: Attempt):     # with a second argument: parameters, idempotency key and more
        return await bank.charge(order["total"], key=attempt.idempotency_key)

`waygrid run SPEC --app module:app` serves them at `waygrid://processor/inventory` and `waygrid://processor/payment`.
A plain function runs in a thread of its own, an async one in the event loop. A function that returns None answers
with `{}`.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from waygrid_core.model.address import Component, ServiceAddress, parse_address
from waygrid_core.model.duration import parse_duration
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.handler import DEFAULT_CONCURRENCY, Handler, Served, concurrency_problem
from waygrid_shell.hosting.threads import DaemonThreads

__all__ = ["App", "Attempt", "Failed"]

F = TypeVar("F", bound=Callable[..., Any])


class App:
    """A user's handlers by address. Registering a wrong one raises `ValueError` at once."""

    def __init__(self) -> None:
        self._served: dict[ServiceAddress, Served] = {}
        self._threads = DaemonThreads()

    @property
    def served(self) -> Mapping[ServiceAddress, Served]:
        """What this app serves."""
        return MappingProxyType(self._served)

    def processor(
        self, service: str, *, concurrency: int = DEFAULT_CONCURRENCY, timeout: str | timedelta | None = None
    ) -> Callable[[F], F]:
        """Serve `waygrid://processor/<service>` with the decorated function; the function itself is unchanged.

        `concurrency` of its attempts run at once; `timeout` bounds each (a node's own timeout holds besides).
        """
        return self._register("processor", service, concurrency, timeout)

    def destination(
        self, service: str, *, concurrency: int = DEFAULT_CONCURRENCY, timeout: str | timedelta | None = None
    ) -> Callable[[F], F]:
        """Serve `waygrid://destination/<service>` with the decorated function."""
        return self._register("destination", service, concurrency, timeout)

    def _register(
        self, component: Component, service: str, concurrency: int, timeout: str | timedelta | None
    ) -> Callable[[F], F]:
        parsed = parse_address(f"waygrid://{component}/{service}")
        if isinstance(parsed, Failure):
            raise ValueError(parsed.failure())
        address = parsed.unwrap()
        if address in self._served:
            raise ValueError(f"{address} is served already; one function a service")
        problem = concurrency_problem(concurrency)
        if problem is not None:
            raise ValueError(f"{address}: a concurrency of {problem}")
        deadline = _deadline(timeout)

        def register(function: F) -> F:
            handler = function_handler(function, self._threads)
            self._served[address] = Served(handler=handler, concurrency=concurrency, deadline=deadline)
            return function

        return register


def function_handler(function: Callable[..., Any], threads: DaemonThreads) -> Handler:
    """`function(input)` or `function(input, attempt)`, sync or async, as a handler.

    Raises `ValueError` for a function that takes neither one nor two positional arguments.
    """
    takes_attempt = _takes_attempt(function)
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004

    async def handle(attempt: Attempt) -> JsonValue:
        arguments = (attempt.input, attempt) if takes_attempt else (attempt.input,)
        try:
            output = await function(*arguments) if is_async else await threads.run(lambda: _call(function, arguments))
            if inspect.isawaitable(output):
                output = await output
        except Exception:
            raise
        except BaseException as error:  # the seam: one attempt may not end the process that all others run in
            if isinstance(error, asyncio.CancelledError) and _is_canceled():
                raise
            raise RuntimeError(_why_ended(error)) from error
        return {} if output is None else output

    return handle


def _call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """In a thread: what is no `Exception` would not come through a future as it is."""
    try:
        return function(*arguments)
    except Exception:
        raise
    except BaseException as error:  # the seam, as above
        raise RuntimeError(_why_ended(error)) from error


def _is_canceled() -> bool:
    """Whether somebody canceled the attempt; else a task that the function waited for was canceled, or it raised it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _why_ended(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the function called sys.exit({error.code!r})"
    return f"the function raised {type(error).__name__}: {error}".removesuffix(": ")


def _takes_attempt(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    required = [each for each in parameters if each.default is each.empty]
    positional = [each for each in required if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    takes_any = any(each.kind is each.VAR_POSITIONAL for each in parameters)
    unfilled = any(each.kind is each.KEYWORD_ONLY for each in required)
    if unfilled or len(positional) > 2 or not (positional or takes_any):
        name = getattr(function, "__qualname__", repr(function))
        raise ValueError(f"{name} must take (input) or (input, attempt); more only with defaults")
    return len(positional) == 2


def _deadline(timeout: str | timedelta | None) -> timedelta | None:
    if timeout is None or isinstance(timeout, timedelta):
        if timeout is not None and timeout <= timedelta(0):
            raise ValueError(f"a timeout of {timeout} is not positive")
        return timeout
    parsed = parse_duration(timeout)
    if isinstance(parsed, Failure):
        raise ValueError(parsed.failure())
    return parsed.unwrap()
