"""The loop of the waystation. What it costs, it costs a batch: one load, one commit, one publish, one acknowledge."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias, assert_never

import anyio
from attrs import define, field

from waygrid_core.envelope.domain import DomainEnvelope
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.identity import subject_of
from waygrid_core.message.messages import TraversalRequested
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.outbox import DecisionsStepByStep
from waygrid_shell.hosting.post import open_all
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import Delivery, EventLog
from waygrid_shell.ports.journal import Change, Decision, Journal
from waygrid_shell.ports.live_feed import LiveFeed, Sighting
from waygrid_shell.ports.outbox import DecisionOutbox
from waygrid_shell.services.waystation.accounts import Accounts
from waygrid_shell.services.waystation.decide import AskedAgain, Decided, Refused, Verdict, decide, newcomer
from waygrid_shell.services.waystation.outbox import outgoing, told_again
from waygrid_shell.services.waystation.recovery import sent_again
from waygrid_shell.services.waystation.roster import Present, Roster
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.tracing import NO_TRACING, Tracing

_TAKEN_AT_ONCE: Final = 1_000

_log = logging.getLogger(__name__)

_Mail: TypeAlias = tuple[Delivery, TraversalId, DomainEnvelope]
"""A record, whom it is about, and what is in it."""


@define(eq=False)
class _Case:
    """One traversal in one batch. `base` is its version as the batch found it, `decisions` what the batch added."""

    present: Present
    base: int
    decisions: list[Decision] = field(factory=list)


@define(eq=False)
class _Batch:
    """What a batch comes to."""

    cases: dict[TraversalId, _Case] = field(factory=dict)
    records: list[TransportEnvelope] = field(factory=list)


class Waystation:
    """Serves `waygrid://system/waystation` until it is canceled, or until another writer came between.

    `outbox` None: decisions and messages are written one after the other.
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
        self._outbox = outbox or DecisionsStepByStep(journal=journal, event_log=event_log)
        self._feed = live_feed
        self._clock = clock
        self._roster = Roster(journal, dag_store)
        self._accounts = Accounts(journal, metrics or Metrics(), tracing)

    async def run(self) -> None:
        """Serve. Raises what its ports raise: after that the states at hand are stale, and so is this object."""
        async with (
            self._log.subscribe([topic_name(WAYSTATION)]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            receipts = Receipts(subscription)
            tasks.start_soon(receipts.run)
            while True:
                deliveries = await subscription.take(_TAKEN_AT_ONCE)
                await self._handle(deliveries)
                receipts.give(deliveries)

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        batch = _Batch()
        mail = _opened(deliveries, batch)
        present = await self._roster.call(list(dict.fromkeys(subject for _, subject, _ in mail)))
        await self._roster.fetch(
            envelope.message.plan
            for _, subject, envelope in mail
            if isinstance(envelope.message, TraversalRequested) and subject not in present
        )
        batch.cases = {traversal: _Case(each, each.state.version) for traversal, each in present.items()}
        mail = await self._without_recorded(mail, batch)
        self._decide_all(mail, batch)
        changed = [case for case in batch.cases.values() if case.decisions]
        await self._outbox.decide([_change(case) for case in changed], batch.records)
        for case in changed:
            self._roster.keep(case.present)
        self._feed.tell([_sighting(case) for case in changed])
        await self._accounts.batch(len(deliveries), [(case.present, case.decisions) for case in changed])

    async def _without_recorded(self, mail: list[_Mail], batch: _Batch) -> list[_Mail]:
        """The messages that were not heard before a crash; what the others decided is sent again."""
        suspects = [(subject, delivery.record.id) for delivery, subject, _ in mail if delivery.may_be_repeated]
        recorded = await self._journal.recorded(suspects) if suspects else {}
        if not recorded:
            return mail
        fresh = []
        causes: defaultdict[TraversalId, set[str]] = defaultdict(set)
        told: list[TransportEnvelope] = []
        for delivery, subject, envelope in mail:
            cause = delivery.record.id
            if (subject, cause) not in recorded:
                fresh.append((delivery, subject, envelope))
                continue
            causes[subject].add(cause)
            present = batch.cases[subject].present
            if isinstance(envelope.message, TraversalRequested) and present.state.has_ended:
                told += told_again(present, cause, self._clock.now())
        for subject, heard in causes.items():
            decisions = await self._journal.decisions(subject)
            batch.records += sent_again(batch.cases[subject].present, decisions, heard)
        batch.records += told
        return fresh

    def _decide_all(self, mail: Sequence[_Mail], batch: _Batch) -> None:
        """Every message in order of arrival. No waiting here: this is what a step costs."""
        now = self._clock.now()
        for delivery, subject, envelope in mail:
            message, trace = envelope.message, envelope.stamps.trace
            case = batch.cases.get(subject)
            if case is None:
                dag = self._roster.dag_of(message.plan) if isinstance(message, TraversalRequested) else None
                present = newcomer(message, dag, trace, now)
                if present is None:
                    _log.debug("%s for an unknown traversal %s", type(message).__name__, subject)
                    continue
                case = batch.cases[subject] = _Case(present, 0)
            try:
                verdict = decide(case.present, message, trace, now)
                records = _records_of(verdict, envelope.id, now)
            except Exception as error:  # the seam: one traversal that cannot be driven must not stop the others
                _log.exception("%s of traversal %s cannot be handled", type(message).__name__, subject)
                _bury(batch, delivery, f"{type(error).__name__}: {error}")
                continue
            match verdict:
                case Decided(present=present, events=events, effects=effects):
                    if not events:
                        continue
                    case.present = present
                    case.decisions.append(
                        Decision(
                            version=present.state.version,
                            cause=envelope.id,
                            at=now,
                            events=events,
                            effects=effects,
                        )
                    )
                    batch.records += records
                case AskedAgain(present=present):
                    case.present = present
                    batch.records += records
                case Refused(reason=reason, is_dead=is_dead):
                    _log.debug("%s of %s refused: %s", type(message).__name__, subject, reason)
                    if is_dead:
                        _bury(batch, delivery, reason)


def _opened(deliveries: Sequence[Delivery], batch: _Batch) -> list[_Mail]:
    """What is in the records; those that say nothing to the waystation are buried."""
    opened, unreadable = open_all(deliveries)
    for delivery, reason in unreadable:
        _bury(batch, delivery, reason)
    mail: list[_Mail] = []
    for delivery, envelope in opened:
        subject = subject_of(envelope.message)
        if subject is None:
            _bury(batch, delivery, f"{type(envelope.message).__name__} is not for the waystation")
        else:
            mail.append((delivery, subject, envelope))
    return mail


def _records_of(verdict: Verdict, cause: str, now: datetime) -> list[TransportEnvelope]:
    """What a verdict has to be sent."""
    match verdict:
        case Decided(present=present, before=before, effects=effects):
            return outgoing(present, before, effects, at=now, cause=cause)
        case AskedAgain(present=present):
            return told_again(present, cause, now)
        case Refused():
            return []
        case _:
            assert_never(verdict)


def _bury(batch: _Batch, delivery: Delivery, reason: str) -> None:
    batch.records.append(dead_letter(delivery.record, reason))


def _change(case: _Case) -> Change:
    present = case.present
    return Change(origin=present.origin, base=case.base, decisions=tuple(case.decisions), state=present.state)


def _sighting(case: _Case) -> Sighting:
    state = case.present.state
    nodes = []
    for decision in case.decisions:
        for event in decision.events:
            node = getattr(event, "node", None)
            if node is not None:
                nodes.append((node, type(event).__name__))
    return Sighting(
        traversal=state.traversal,
        root=case.present.origin.root,
        status=state.status,
        base=case.base,
        version=state.version,
        nodes=nodes,
    )
