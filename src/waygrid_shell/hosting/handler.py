"""What serves an address: a handler, and how much of it may run at once."""

from datetime import timedelta
from typing import Protocol

from attrs import field, frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt

DEFAULT_CONCURRENCY = 64
"""Attempts of one address that run at once in one process. Enough to hide the waiting of HTTP calls."""

MOST_AT_ONCE = 5_000
"""A log holds back what comes next while 10 000 records are under way in a process, until a half of them is done: with
more attempts at once than that half some would never be begun."""


def concurrency_problem(count: int) -> str | None:
    """What is wrong with so many attempts at once, as the end of a sentence; None if nothing is."""
    if count < 1:
        return f"{count} is too small; write at least 1"
    if count > MOST_AT_ONCE:
        return f"{count} is too large; write at most {MOST_AT_ONCE}, and start more processes for more at once"
    return None


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
    """A handler with its limits. `deadline` bounds one attempt, whatever the node's own timeout says.

    Raises `ValueError` for a concurrency that is not 1 to `MOST_AT_ONCE`.
    """

    handler: Handler
    concurrency: int = field(default=DEFAULT_CONCURRENCY)
    deadline: timedelta | None = None

    @concurrency.validator
    def _check_concurrency(self, _: object, count: int) -> None:
        problem = concurrency_problem(count)
        if problem is not None:
            raise ValueError(f"a concurrency of {problem}")
