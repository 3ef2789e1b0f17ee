"""How many requests each key may send, over all processes."""

import logging
import math
from datetime import timedelta
from typing import Final

import anyio
from attrs import define, field

from waygrid_shell.api.problems import Refusal
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.rate_limiter import Rate, RateLimiter

_ANSWER_SECONDS: Final = 0.25
"""So long may the limiter take for an answer; a request waits no longer for it."""
_REST_SECONDS: Final = 1.0
"""A limiter that did not answer is left alone for so long."""

_log = logging.getLogger(__name__)


@define(eq=False)
class Rates:
    """`per_second` requests of a key, and as many at once; None: as many as it likes. Without keys, of all together."""

    limiter: RateLimiter
    per_second: int | None
    _rests_until: float = field(default=0.0, init=False)
    _has_said: bool = field(default=False, init=False)

    async def take(self, principal: str) -> None:
        """Let a request of that key pass. Raises `Refusal` (429) if there have been too many.

        Where the limiter does not answer every request passes: that is said once in the log.
        """
        if self.per_second is None or anyio.current_time() < self._rests_until:
            return
        wait: timedelta | None = None
        reason = "it does not answer"
        with anyio.move_on_after(_ANSWER_SECONDS):
            try:
                wait = await self.limiter.take(f"requests of {principal}", Rate(self.per_second, self.per_second))
            except PortFailure as failure:
                reason = str(failure)
        if wait is None:
            self._rests_until = anyio.current_time() + _REST_SECONDS
            if not self._has_said:
                self._has_said = True
                _log.warning("requests are not limited while nobody counts them: %s", reason)
            return
        self._has_said = False
        if wait > timedelta(0):
            raise Refusal(
                429,
                "too-many-requests",
                "There are too many requests",
                f"{self.per_second} a second are let through (server.max_requests_per_second); send them more slowly",
                headers={"Retry-After": str(max(1, math.ceil(wait.total_seconds())))},
            )
