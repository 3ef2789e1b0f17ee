"""What a service does: how long attempts wait for it and take, how busy it is, how often it fails."""

from array import array
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from attrs import define, field

from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.simulation.workload.measures import Level, seconds_list

AttemptKey: TypeAlias = tuple[TraversalId, NodeId, int]
"""Which attempt: of which traversal, at which node, which one."""


@define(eq=False)
class Meter:
    """Of one service. `now` gives the time, in seconds; `bucket_seconds` is how long a part of it is."""

    _now: Callable[[], float]
    bucket_seconds: float
    waits: "array[float]" = field(factory=seconds_list)
    """How long attempts waited from their dispatch to their beginning, in seconds."""
    latencies: "array[float]" = field(factory=seconds_list)
    """How long those took that answered, in seconds."""
    waiting: Level = field(factory=Level)
    """How many have been dispatched and not begun."""
    busy: Level = field(factory=Level)
    """How many are being made."""
    failures: Counter[str] = field(factory=Counter)
    """Attempts that failed, by code."""
    hung: dict[AttemptKey, float] = field(factory=dict)
    """Those that never answer and have not been canceled, with when they began."""
    silent: int = 0
    """How many never answered."""
    asked: int = 0
    """How many were dispatched."""
    asked_over_time: Counter[int] = field(factory=Counter)
    """The same, by the number of the part of the time."""
    taken: int = 0
    """How often a place was taken."""

    def dispatched(self) -> None:
        """An attempt is on its way to the service."""
        now = self._now()
        self.asked += 1
        self.asked_over_time[int(now / self.bucket_seconds)] += 1
        self.waiting.add(1, now)

    def given_up(self) -> None:
        """An attempt that was not begun is not wanted any more."""
        self.waiting.add(-1, self._now())

    def begun(self, dispatched_at: float) -> None:
        """An attempt begins for the first time."""
        now = self._now()
        self.waiting.add(-1, now)
        self.waits.append(now - dispatched_at)

    def works(self) -> float:
        """A place is taken, from now on; the time."""
        now = self._now()
        self.taken += 1
        self.busy.add(1, now)
        return now

    def rests(self) -> None:
        """The place is free again."""
        self.busy.add(-1, self._now())

    def answered(self, since: float, code: str | None) -> None:
        """An attempt that began then has answered: with a failure, if there is a code."""
        self.latencies.append(self._now() - since)
        if code is not None:
            self.failures[code] += 1

    @property
    def is_working(self) -> bool:
        """Whether an attempt is being made that will end by itself."""
        return self.busy.count > len(self.hung)
