"""The loop of the waystation. What it costs, it costs a batch: one load, one commit, one publish, one acknowledge."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from typing import Final

import anyio

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import TraversalPauseRequested, TraversalRequested, TraversalUnpauseRequested
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import Delivery, EventLog
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.journal import Decision, Journal
from waygrid_shell.ports.live_feed import LiveFeed
from waygrid_shell.ports.outbox import DecisionOutbox
from waygrid_shell.services.waystation.accounts import Accounts
from waygrid_shell.services.waystation.batch import Batch, Case, Mail
from waygrid_shell.services.waystation.outbox import told_again
from waygrid_shell.services.waystation.recovery import needs_history, sent_again
from waygrid_shell.services.waystation.roster import Roster
from waygrid_shell.services.waystation.writing import OneCommit, StepByStep, Writer
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.tracing import NO_TRACING, Tracing

_TAKEN_AT_ONCE: Final = 1_000

_TRIES: Final = 5
"""Of a batch while another writer keeps coming between: a reader that has lost its partition and will hear of it."""

_HEARD_ANEW: Final = (TraversalPauseRequested, TraversalUnpauseRequested)
"""Messages that no state knows to have heard: a pause that comes again after its end would be another one. They are
rare, so each is looked up."""

_log = logging.getLogger(__name__)


class Waystation:
    """Serves `waygrid://system/waystation`, or the partitions of it that it is given, until it is canceled.

    `outbox` None: decisions are written before the messages that follow from them, so there may be decisions whose
    messages nobody has sent. Whoever hears a message again that has made its decision sends what follows from it.
    """

    def __init__(
        self,
        *,
        event_log: EventLog,
        journal: Journal,
        dag_store: DagStore,
        live_feed: LiveFeed,
        clock: Clock,
        outbox: DecisionOutbox | None = None,
        metrics: Metrics | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._log = event_log
        self._journal = journal
        self._dag_store = dag_store
        self._outbox = outbox
        self._feed = live_feed
        self._clock = clock
        self._accounts = Accounts(journal, metrics or Metrics(), tracing)

    async def run(self) -> None:
        """Serve. Raises what its ports raise: what was decided and not written is lost then, and comes again."""
        async with (
            self._log.subscribe([topic_name(WAYSTATION)]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            receipts = Receipts(subscription)
            writer: Writer = (
                StepByStep(self._journal, self._log, receipts)
                if self._outbox is None
                else OneCommit(self._outbox, receipts)
            )
            tasks.start_soon(receipts.run)
            tasks.start_soon(writer.run)
            roster, generation = Roster(self._journal, self._dag_store), subscription.generation
            while True:
                deliveries = await subscription.take(_TAKEN_AT_ONCE)
                if subscription.generation != generation:  # others may have driven what is at hand
                    roster, generation = roster.emptied(), subscription.generation
                roster = await self._handle(deliveries, roster, writer)

    async def _handle(self, deliveries: Sequence[Delivery], roster: Roster, writer: Writer) -> Roster:
        """Returns the roster to go on with. Raises `VersionConflict` if others come between again and again."""
        doubtful = _may_be_repeated
        for _ in range(_TRIES):
            try:
                await self._drive(deliveries, roster, writer, doubtful)
            except VersionConflict as conflict:
                _log.info("%s: the batch is decided again, from the journal", conflict)
                last, doubtful = conflict, _any
                if conflict.expected:  # not one that was taken for new: what is at hand may be as old
                    roster = roster.emptied()
            else:
                return roster
        raise last

    async def _drive(
        self, deliveries: Sequence[Delivery], roster: Roster, writer: Writer, doubtful: Callable[[Delivery], bool]
    ) -> None:
        """`doubtful` are those that somebody may have heard."""
        batch = Batch()
        mail = batch.open(deliveries)
        called = await roster.call(list(dict.fromkeys(subject for _, subject, _ in mail)), _new_in(mail, doubtful))
        batch.cases = {traversal: Case(each, each.state.version) for traversal, each in called.present.items()}
        await roster.fetch(
            envelope.message.plan
            for _, subject, envelope in mail
            if isinstance(envelope.message, TraversalRequested) and subject not in batch.cases
        )
        # Who wrote what is not at hand may not have sent what follows from it, unless both were one commit.
        foreign = called.loaded if self._outbox is None else ()
        suspects = [
            each for each in mail if doubtful(each[0]) or each[1] in foreign or isinstance(each[2].message, _HEARD_ANEW)
        ]
        if suspects:
            mail = await self._without_recorded(mail, suspects, batch)
        batch.decide(mail, roster.ready, self._clock.now())
        changed = batch.changed
        await writer.write([case.change() for case in changed], batch.records, deliveries)
        for case in changed:
            roster.keep(case.present)
        self._feed.tell([case.sighting() for case in changed])
        await self._accounts.batch(len(deliveries), [(case.present, case.decisions) for case in changed])

    async def _without_recorded(self, mail: list[Mail], suspects: Sequence[Mail], batch: Batch) -> list[Mail]:
        """The messages that nobody has heard; what the others decided is sent again.

        Raises `VersionConflict` if one of them was decided on top of a state that is newer than the one at hand.
        """
        recorded = await self._journal.recorded([(subject, delivery.record.id) for delivery, subject, _ in suspects])
        if not recorded:
            return mail
        fresh: list[Mail] = []
        heard: defaultdict[TraversalId, dict[str, Decision]] = defaultdict(dict)
        told: list[TransportEnvelope] = []
        for delivery, subject, envelope in mail:
            cause = delivery.record.id
            decision = recorded.get((subject, cause))
            if decision is None:
                fresh.append((delivery, subject, envelope))
                continue
            case = batch.cases.get(subject)
            if case is None or case.base < decision.version:  # decided after we looked, or behind our back
                raise VersionConflict(subject, 0 if case is None else case.base)
            heard[subject][cause] = decision
            if isinstance(envelope.message, TraversalRequested) and case.present.state.has_ended:
                told += told_again(case.present, cause, self._clock.now())
        for subject, decisions in heard.items():
            present = batch.cases[subject].present
            made = sorted(decisions.values(), key=lambda each: each.version)
            history = await self._journal.decisions(subject) if needs_history(present, made) else ()
            batch.records += sent_again(present, made, history)
        batch.records += told
        return fresh


def _new_in(mail: Sequence[Mail], doubtful: Callable[[Delivery], bool]) -> Set[TraversalId]:
    """Those that begin here, as far as one can say without the journal. It refuses the commit if it knows one; then
    everything is doubtful.
    """
    first: dict[TraversalId, Mail] = {}
    for each in mail:
        first.setdefault(each[1], each)
    return {
        subject
        for delivery, subject, envelope in first.values()
        if isinstance(envelope.message, TraversalRequested) and not doubtful(delivery)
    }


def _may_be_repeated(delivery: Delivery) -> bool:
    return delivery.may_be_repeated


def _any(delivery: Delivery) -> bool:
    del delivery
    return True
