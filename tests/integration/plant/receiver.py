"""A service on loopback that remembers what it was told."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web
from attrs import define, field


@define
class Receiver:
    """It counts every request that it takes, and acts once for each idempotency key."""

    url: str = ""
    keys: Counter[str] = field(factory=Counter)
    applied: dict[str, Any] = field(factory=dict)
    requests: list[web.Request] = field(factory=list)
    status_of: Callable[[int, Any], int] = field(default=lambda number, body: 204)
    """The status of the answer to the request of that number (from 1) with that body."""
    on_request: Callable[[int], None] = field(default=lambda number: None)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(request)
        number = len(self.requests)
        self.on_request(number)
        status = self.status_of(number, body)
        if status < 300:
            key = request.headers["Idempotency-Key"]
            self.keys[key] += 1
            self.applied.setdefault(key, body)
        return web.Response(status=status)
