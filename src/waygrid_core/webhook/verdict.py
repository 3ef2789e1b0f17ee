"""What the status of an answer to a webhook means."""

from collections.abc import Callable
from enum import Enum


class Verdict(Enum):
    """What becomes of a delivery."""

    DELIVERED = "delivered"
    TRY_AGAIN = "try again"
    """The receiver may take the same request later."""
    GIVE_UP = "give up"
    """The receiver would refuse the same request again."""


def is_passing(status: int) -> bool:
    """Whether a refusal with this status passes by itself, as far as HTTP knows: a matter of time, load or luck."""
    return status in (408, 425, 429) or 500 <= status <= 599


def judge(status: int, passes: Callable[[int], bool] = is_passing) -> Verdict:
    """The verdict on an answer with this status; `passes` says which refusals are worth another try."""
    if 200 <= status <= 299:
        return Verdict.DELIVERED
    return Verdict.TRY_AGAIN if passes(status) else Verdict.GIVE_UP
