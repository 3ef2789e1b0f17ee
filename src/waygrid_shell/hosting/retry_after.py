"""`Retry-After`: a service that says when to come again is asked again then, within the same attempt."""

from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import anyio

DEFAULT_MAX_WAIT_SECONDS: Final = 30.0
"""How long an attempt waits for a service at most, all its waits together. What takes longer is for a retry policy."""

WAITS: Final = frozenset({429, 503})
"""Statuses whose `Retry-After` is honoured."""

_SHORTEST_SECONDS: Final = 0.1
"""Of one wait, whatever the service says: nobody is asked as quickly as the network lets."""

_MOST_WAITS: Final = 10

T = TypeVar("T")


async def ask_patiently(send: Callable[[], Awaitable[T]], wanted: Callable[[T], float | None], max_wait: float) -> T:
    """What `send` gives, after waiting as often as `wanted` reads a wait (in seconds) out of it.

    The last answer is returned as it is when it asks for more than `max_wait` seconds leave.
    """
    left = max_wait
    for _ in range(_MOST_WAITS):
        answer = await send()
        wait = wanted(answer)
        if wait is None or (wait := max(wait, _SHORTEST_SECONDS)) > left:
            return answer
        left -= wait
        await anyio.sleep(wait)
    return await send()


def wanted_wait(status: int, headers: Mapping[str, str]) -> float | None:
    """The seconds that an answer asks to wait, or None. Names of `headers` are in small letters.

    A date is read against the service's own `Date`: its clock may differ from ours.
    """
    given = headers.get("retry-after", "").strip()
    if status not in WAITS or not given:
        return None
    if given.isascii() and given.isdigit():
        return float(given[:9])
    try:
        until, now = parsedate_to_datetime(given), parsedate_to_datetime(headers.get("date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
