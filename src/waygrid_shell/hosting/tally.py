"""Counts the attempts of one address; told to the metrics a batch at a time."""

from collections import Counter
from time import perf_counter
from typing import Final

from waygrid_core.message.messages import Message, NodeTraversalSucceeded
from waygrid_core.model.address import ServiceAddress
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import ABANDONED, ATTEMPT_SECONDS, ATTEMPTS, IN_FLIGHT

SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"
CANCELED: Final = "canceled"


def outcome_of(answer: Message) -> str:
    """What an answer is counted as."""
    return SUCCEEDED if isinstance(answer, NodeTraversalSucceeded) else FAILED


class AttemptTally:
    """See the module."""

    def __init__(self, address: ServiceAddress, metrics: Metrics) -> None:
        self._address = str(address)
        self._metrics = metrics
        self._in_flight = 0
        self._abandoned = 0
        self._outcomes: Counter[str] = Counter()
        self._seconds: list[float] = []
        metrics.ask(IN_FLIGHT, lambda: self._in_flight, self._address)
        metrics.ask(ABANDONED, lambda: self._abandoned, self._address)

    @property
    def abandoned(self) -> int:
        """How many handlers go on although nobody waits for them."""
        return self._abandoned

    def begin(self) -> float:
        """A handler begins to work; give what this returns to `end`."""
        self._in_flight += 1
        return perf_counter()

    def end(self, began: float, answer: Message | None) -> None:
        """It has ended with this answer; None if nobody waits for one."""
        self._in_flight -= 1
        self._seconds.append(perf_counter() - began)
        self._outcomes[CANCELED if answer is None else outcome_of(answer)] += 1

    def abandon(self, began: float, answer: Message | None) -> None:
        """The same of one whose handler goes on all the same."""
        self.end(began, answer)
        self._abandoned += 1

    def end_abandoned(self) -> None:
        """Such a handler has ended at last."""
        self._abandoned -= 1

    def skip(self) -> None:
        """Nobody waited for it any more before a handler began."""
        self._outcomes[CANCELED] += 1

    def tell(self) -> None:
        """Tell the metrics what has ended since the last time."""
        for outcome, count in self._outcomes.items():
            self._metrics.count(ATTEMPTS, self._address, outcome, by=count)
        self._metrics.observe(ATTEMPT_SECONDS, self._seconds, self._address)
        self._outcomes.clear()
        self._seconds.clear()
