"""Virtual time: the clock, and what is due later."""

from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from attrs import field, frozen

from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.traversal.signals import NodeFailure, NodeSuccess


@frozen(order=True)
class DueTimer:
    """A timer that is set; those due at one instant fire in the order in which they were set."""

    due: datetime
    order: int
    timer: TimerId = field(order=False)
    traversal: TraversalId = field(order=False)


@frozen(order=True)
class DueAnswer:
    """An answer that a worker gives later; those due at one instant are given in the order of their dispatches."""

    due: datetime
    order: int
    signal: NodeSuccess | NodeFailure = field(order=False)


class Agenda:
    """The clock, the timers and the late answers. The clock moves only in `go_on_to`."""

    __slots__ = ("_answers", "_order", "_promised", "_set", "_timers", "now")

    def __init__(self, start: datetime) -> None:
        self.now = start
        self._order = 0
        self._timers: list[DueTimer] = []
        self._set: dict[TimerId, int] = {}
        self._answers: list[DueAnswer] = []
        self._promised: dict[tuple[str, str, int], int] = {}

    def set_timer(self, timer: TimerId, traversal: TraversalId, due: datetime) -> None:
        """Have `timer` fire at `due`."""
        self._order += 1
        self._set[timer] = self._order
        heappush(self._timers, DueTimer(due, self._order, timer, traversal))

    def unset_timer(self, timer: TimerId) -> None:
        """Have it not fire after all."""
        self._set.pop(timer, None)

    def promise(self, signal: NodeSuccess | NodeFailure, after: timedelta) -> None:
        """Have the answer given `after` so long."""
        self._order += 1
        self._promised[(signal.traversal, signal.node, signal.attempt)] = self._order
        heappush(self._answers, DueAnswer(later(self.now, after), self._order, signal))

    def break_promise(self, traversal: TraversalId, node: str, attempt: int) -> None:
        """Have the answer of this attempt not given after all."""
        self._promised.pop((traversal, node, attempt), None)

    def next_due(self) -> datetime | None:
        """When a timer or a late answer is due next."""
        while self._timers and not self._is_set(self._timers[0]):
            heappop(self._timers)
        while self._answers and not self._is_promised(self._answers[0]):
            heappop(self._answers)
        due = [queue[0].due for queue in (self._timers, self._answers) if queue]
        return min(due, default=None)

    def go_on_to(self, instant: datetime) -> tuple[NodeSuccess | NodeFailure, ...]:
        """Move the clock, never back; gives the answers that are due by then, in order."""
        self.now = max(self.now, instant)
        given: list[NodeSuccess | NodeFailure] = []
        while self._answers and self._answers[0].due <= self.now:
            answer = heappop(self._answers)
            if self._is_promised(answer):
                signal = answer.signal
                del self._promised[(signal.traversal, signal.node, signal.attempt)]
                given.append(signal)
        return tuple(given)

    def take_timer(self) -> DueTimer | None:
        """The next timer that is due now, no longer set; None if none is."""
        while self._timers and self._timers[0].due <= self.now:
            timer = heappop(self._timers)
            if self._is_set(timer):
                del self._set[timer.timer]
                return timer
        return None

    def _is_set(self, timer: DueTimer) -> bool:
        return self._set.get(timer.timer) == timer.order

    def _is_promised(self, answer: DueAnswer) -> bool:
        signal = answer.signal
        return self._promised.get((signal.traversal, signal.node, signal.attempt)) == answer.order


def later(instant: datetime, by: timedelta) -> datetime:
    """`instant` and `by`, at most the calendar's last instant."""
    try:
        return instant + by
    except OverflowError:
        return datetime.max.replace(tzinfo=instant.tzinfo or UTC)
