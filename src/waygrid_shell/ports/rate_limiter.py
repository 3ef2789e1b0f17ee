"""The limiter of rates, over all processes."""

from datetime import timedelta
from typing import Protocol

from attrs import frozen


@frozen
class Rate:
    """A bucket of `burst` tokens, which fills by `per_second` tokens a second."""

    per_second: float
    burst: int


class RateLimiter(Protocol):
    """Keeps buckets by name. It may forget: a bucket that it has forgotten is full."""

    async def take(self, bucket: str, rate: Rate, tokens: int = 1) -> timedelta:
        """Take the tokens, if they are there; else take none, and say how long to wait before they may be (0: taken).

        More than the bucket holds are never there: the wait is then none that helps.
        Raises `Unavailable`; whoever asks decides whether that means yes.
        """
        ...
