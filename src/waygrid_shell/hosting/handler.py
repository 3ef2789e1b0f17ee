"""What serves an address: a handler, and how much of it may run at once."""

from datetime import timedelta
from typing import Protocol

from attrs import frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt

DEFAULT_CONCURRENCY = 64
"""Attempts of one address that run at once in one process. Enough to hide the waiting of HTTP calls."""


class Handler(Protocol):
    """Makes one attempt. Returns its output (JSON), or raises `Failed`.

    Any other exception is a failure with code `handler-error`. A handler may be called again with an attempt that it
    has made already (after a crash): `attempt.attempt_key` is then the same.
    """

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Make the attempt; it is canceled when nobody waits for it any more."""
        ...


@frozen(kw_only=True)
class Served:
    """A handler with its limits. `deadline` bounds one attempt, whatever the node's own timeout says."""

    handler: Handler
    concurrency: int = DEFAULT_CONCURRENCY
    deadline: timedelta | None = None
