"""`{"type": "PerCode", "delays": {"http-429": "30s"}, "otherwise": "1s"}`: how long depends on what went wrong."""

from collections.abc import Mapping
from datetime import timedelta

from attrs import field, frozen, validators

from waygrid_core.extension.extension import RetryRule


@frozen
class PerCode(RetryRule):
    """Waits as long as the error's code says, and up to half as long again, drawn by chance."""

    name = "PerCode"

    otherwise: timedelta
    delays: Mapping[str, timedelta] = field(factory=dict)
    most: int = field(default=3, validator=[validators.ge(1), validators.le(100)])

    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        """`draw` is the only chance there is: a replay draws the same."""
        if attempt > self.most:
            return None
        return self.delays.get(code, self.otherwise) * (1 + draw / 2)
