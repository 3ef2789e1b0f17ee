"""Looks at every request: gives it an id, counts it, and logs one line, without what it holds."""

import logging
import re
import secrets
from time import perf_counter
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import REQUEST_SECONDS, REQUESTS

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_QUIET: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Asked every few seconds by machines; their lines would hide the others."""

_log = logging.getLogger(__name__)


class Watch:
    """Stands around the application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        status = 0
        started = perf_counter()

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, with_id)
            finally:
                self._note(scope, status, perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("waygrid.route", "(none)")
        method = scope["method"] if scope["method"] in _KNOWN_METHODS else "(other)"
        self._metrics.count(REQUESTS, method, route, str(status))
        self._metrics.observe(REQUEST_SECONDS, [seconds], route)
        level = logging.DEBUG if route in _QUIET else logging.INFO
        if _log.isEnabledFor(level):
            who = scope.get("waygrid.principal") or None
            _log.log(level, "%s %s %d in %.1f ms%s", method, route, status, seconds * 1000, f" by {who}" if who else "")
