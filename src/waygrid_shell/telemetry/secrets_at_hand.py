"""The values of secrets that somebody has in hand, so that whoever writes a line can leave them out."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

SECRETS_AT_HAND: Final[ContextVar[tuple[str, ...]]] = ContextVar("waygrid_secrets", default=())

_SHORTEST: Final = 4
"""Characters. Shorter values are found in every second line, and guessed in a moment."""


@contextmanager
def secrets_kept_out(values: Iterable[str]) -> Iterator[None]:
    """No line that is logged in this context, in this task or a thread of it, holds one of these values."""
    token = SECRETS_AT_HAND.set((*SECRETS_AT_HAND.get(), *(value for value in values if len(value) >= _SHORTEST)))
    try:
        yield
    finally:
        SECRETS_AT_HAND.reset(token)
