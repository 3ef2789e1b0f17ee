"""How much there is of everything, read every now and then: who scrapes often does not make the plant count often."""

from waygrid_core.model.topic import DEAD_LETTER_SUFFIX
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Journal
from waygrid_shell.ports.timer_book import TimerBook
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import BACKLOG, DEAD_LETTERS, TIMERS_SET, UNFINISHED


class Gauges:
    """Reads what the ports hold into the metrics."""

    def __init__(self, metrics: Metrics, *, event_log: EventLog, journal: Journal, timer_book: TimerBook) -> None:
        self._metrics = metrics
        self._log = event_log
        self._journal = journal
        self._timers = timer_book
        self._topics: frozenset[str] = frozenset()

    async def read(self) -> None:
        """Read them once. Raises what ports raise."""
        counted = await self._log.backlog()
        backlog = {topic: count for topic, count in counted.items() if not topic.endswith(DEAD_LETTER_SUFFIX)}
        for topic in self._topics - backlog.keys():  # what has been worked off is zero, not what it was
            self._metrics.set(BACKLOG, 0, topic)
        for topic, count in backlog.items():
            self._metrics.set(BACKLOG, count, topic)
        self._topics |= backlog.keys()
        self._metrics.set(DEAD_LETTERS, sum(counted.values()) - sum(backlog.values()))
        self._metrics.set(UNFINISHED, await self._journal.count_unfinished())
        self._metrics.set(TIMERS_SET, await self._timers.count())
