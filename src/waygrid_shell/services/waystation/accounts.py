"""What the waystation counts and traces of its batches."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from waygrid_core.history.status import shown_status
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.journal import Decision, Journal
from waygrid_shell.services.waystation.roster import Present
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import BATCH_SIZE, ENDED, STEPS, TRAVERSAL_SECONDS
from waygrid_shell.telemetry.tracing import Tracing, TraversalSpan


class Accounts:
    """Keeps them, a batch at a time."""

    def __init__(self, journal: Journal, metrics: Metrics, tracing: Tracing) -> None:
        self._journal = journal
        self._metrics = metrics
        self._tracing = tracing

    async def batch(self, messages: int, changed: Sequence[tuple[Present, Sequence[Decision]]]) -> None:
        """A batch of so many messages has been committed; these are the traversals that it changed, and how."""
        self._metrics.observe(BATCH_SIZE, [messages])
        self._metrics.count(STEPS, by=sum(len(decisions) for _, decisions in changed))
        ended = [
            (present, decisions[-1].at)
            for present, decisions in changed
            if present.state.has_ended and (self._tracing.is_on or present.state.traversal == present.origin.root)
        ]
        if ended:
            await self._tell(ended)

    async def _tell(self, ended: Sequence[tuple[Present, datetime]]) -> None:
        begun = await self._begun_at([present for present, _ in ended])
        seconds: defaultdict[str, list[float]] = defaultdict(list)
        for present, ended_at in ended:
            state, origin = present.state, present.origin
            begun_at = begun.get(state.traversal, ended_at)
            if state.traversal == origin.root:
                seconds[shown_status(state.status)].append((ended_at - begun_at).total_seconds())
            if self._tracing.is_on:
                self._tracing.traversal_ended(
                    TraversalSpan(
                        traversal=state.traversal,
                        root=origin.root,
                        given=origin.trace,
                        name=origin.name,
                        dag=origin.dag,
                        status=state.status,
                        error=state.error,
                        begun_at=begun_at,
                        ended_at=ended_at,
                    )
                )
        for status, latencies in seconds.items():
            self._metrics.count(ENDED, status, by=len(latencies))
            self._metrics.observe(TRAVERSAL_SECONDS, latencies, status)

    async def _begun_at(self, ended: Sequence[Present]) -> dict[TraversalId, datetime]:
        """When these began; the journal is asked only for those that were loaded from it."""
        begun = {each.state.traversal: each.begun_at for each in ended if each.begun_at is not None}
        loaded = [each.state.traversal for each in ended if each.begun_at is None]
        if loaded:
            summaries = await self._journal.summaries(loaded)
            begun.update({traversal: summary.begun_at for traversal, summary in summaries.items()})
        return begun
