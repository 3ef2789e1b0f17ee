"""The HTTP API as one ASGI application, made from the tables of the nouns."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeAlias

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope
from starlette.websockets import WebSocket

from waygrid_shell.api import (
    audit,
    channels,
    dags,
    dead_letters,
    events,
    health,
    history,
    journals,
    live,
    metrics_page,
    openapi,
    principals,
    processes,
    retry,
    specs,
    telling,
    traversals,
    work,
)
from waygrid_shell.api.access import principal, require
from waygrid_shell.api.auditing import GRANTED, acting
from waygrid_shell.api.body_limit import BodyLimit
from waygrid_shell.api.live import EVENT_STREAM
from waygrid_shell.api.openapi import plain_path
from waygrid_shell.api.operation import Operation
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.problem_of import problem_response, refusal_of
from waygrid_shell.api.problems import Refusal
from waygrid_shell.api.respond import bad_parameter
from waygrid_shell.api.watch import Watch

_EXPOSED: Final = ("X-Request-Id", "Retry-After", "Location")


def application(platform: Platform) -> Starlette:
    """The API of that platform. Its server must run its lifespan."""
    sockets = (*channels.sockets(platform), *work.sockets(platform))
    return _serving(platform, [*_routes(platform, all_operations(platform)), *sockets], _lifespan(platform))


def vitals_application(platform: Platform) -> Starlette:
    """What every process tells of itself, for those who watch over processes: its health and its metrics."""
    operations = (*health.operations(platform), *metrics_page.operations(platform))
    return _serving(platform, _routes(platform, operations), None)


Lifespan: TypeAlias = Callable[[Starlette], AbstractAsyncContextManager[None]]


def _serving(platform: Platform, routes: Sequence[BaseRoute], lifespan: Lifespan | None) -> Starlette:
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Watch, metrics=platform.metrics), *_cors(platform)],
        exception_handlers={HTTPException: _refuse, Refusal: _refuse_socket},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _lifespan(platform: Platform) -> Lifespan:
    """What runs as long as the application does."""

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(platform.endings.run)
            tasks.start_soon(platform.lookout.run)
            tasks.start_soon(platform.auditor.run)
            yield
            tasks.cancel_scope.cancel()

    return running


def all_operations(platform: Platform) -> tuple[Operation, ...]:
    """Everything that can be done, noun by noun, and the document that says so."""
    nouns = (
        *traversals.operations(platform),
        *history.operations(platform),
        *journals.operations(platform),
        *live.operations(platform),
        *retry.operations(platform),
        *events.operations(platform),
        *telling.operations(platform),
        *specs.operations(platform),
        *dags.operations(platform),
        *dead_letters.operations(platform),
        *principals.operations(platform),
        *audit.operations(platform),
        *processes.operations(platform),
        *health.operations(platform),
        *metrics_page.operations(platform),
    )
    return (*nouns, *openapi.operations(platform, nouns))


def _routes(platform: Platform, operations: Iterable[Operation]) -> list[Route]:
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        methods = by_path.setdefault(operation.path, {})
        assert operation.method not in methods, f"{operation.method} {operation.path} is there twice"
        methods[operation.method] = operation
    limit = BodyLimit(platform.settings.max_body_bytes)
    return [Route(path, Resource(platform, path, methods, limit)) for path, methods in by_path.items()]


class Resource:
    """What is at one path: an operation a method."""

    def __init__(self, platform: Platform, path: str, operations: Mapping[str, Operation], limit: BodyLimit) -> None:
        self._platform = platform
        self._limit = limit
        self._route = plain_path(path)
        self._operations = dict(operations)
        if "GET" in operations and operations["GET"].answers[200].media_type != EVENT_STREAM:
            self._operations["HEAD"] = operations["GET"]  # a stream has no end that a HEAD could wait for

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        scope["waygrid.route"] = self._route
        with self._limit.around(receive, scope) as counted:
            request = Request(scope, counted)
            outcome = GRANTED
            try:
                response = await self._answer(request)
            except Exception as error:  # the seam: whatever an operation raises becomes a problem
                refusal = refusal_of(error)
                outcome = refusal.problem.code
                response = problem_response(refusal, request.url.path)
            self._platform.auditor.note(request, outcome)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._operations.get(request.method)
        if operation is None:
            allowed = ", ".join(sorted(self._operations))
            detail = f"{request.method} is not among the methods of this path: {allowed}"
            raise Refusal(405, "method-not-allowed", "The path has no such method", detail, headers={"Allow": allowed})
        if operation.is_audited:
            acting(request, operation.name)
        if operation.scope is not None:
            await require(self._platform, request, operation.scope)
            await self._platform.rates.take(principal(request))
        _refuse_unknown_parameters(request, operation)
        return await operation.handle(request)


def _refuse_unknown_parameters(request: Request, operation: Operation) -> None:
    """A filter that is misspelled must not show everything."""
    known = [parameter.name for parameter in operation.parameters if parameter.place == "query"]
    for name in request.query_params:
        if name not in known:
            raise bad_parameter(name[:60], f"there is no such parameter; there are {', '.join(known) or 'none'}")


def _refuse(connection: HTTPConnection, error: Exception) -> Response:
    """What is raised outside of operations: no such path, or the server's own refusals."""
    return problem_response(error, connection.url.path)


async def _refuse_socket(socket: WebSocket, error: Exception) -> None:
    response = problem_response(error, socket.url.path)
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close(1008)


def _cors(platform: Platform) -> list[Middleware]:
    origins = platform.settings.allowed_origins
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "traceparent"],
            expose_headers=_EXPOSED,
        )
    ]
