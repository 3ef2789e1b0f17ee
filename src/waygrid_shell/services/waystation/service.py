"""The loop of the waystation. What it costs, it costs a batch: one load, one commit, one publish, one acknowledge."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

import anyio
from anyio.abc import TaskGroup
from attrs import define, field

from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.identity import subject_of
from waygrid_core.message.messages import Message, TraversalRequested
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_core.outcome import Failure
from waygrid_shell.hosting.post import unseal
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import Delivery, EventLog, Subscription
from waygrid_shell.ports.journal import Change, Decision, Journal
from waygrid_shell.ports.live_feed import LiveFeed, Sighting
from waygrid_shell.services.waystation.decide import AskedAgain, Decided, Refused, Verdict, decide, newcomer
from waygrid_shell.services.waystation.outbox import outgoing, told_again
from waygrid_shell.services.waystation.recovery import sent_again
from waygrid_shell.services.waystation.roster import Present, Roster

_TAKEN_AT_ONCE: Final = 1_000

_log = logging.getLogger(__name__)


@define(eq=False)
class _Case:
    """One traversal in one batch. `first` is it as the batch found it, `decisions` what the batch added."""

    present: Present
    base: int
    decisions: list[Decision] = field(factory=list)
    nodes: list[tuple[NodeId, str]] = field(factory=list)


@define(eq=False)
class _Batch:
    """What a batch comes to."""

    cases: dict[TraversalId, _Case] = field(factory=dict)
    records: list[TransportEnvelope] = field(factory=list)
    dead: list[TransportEnvelope] = field(factory=list)


class Waystation:
    """Serves `waygrid://system/waystation` until it is canceled, or until another writer came between."""

    def __init__(
        self, *, event_log: EventLog, journal: Journal, dag_store: DagStore, live_feed: LiveFeed, clock: Clock
    ) -> None:
        self._log = event_log
        self._journal = journal
        self._feed = live_feed
        self._clock = clock
        self._roster = Roster(journal, dag_store)

    async def run(self) -> None:
        """Serve. Raises what its ports raise: after that the states at hand are stale, and so is this object."""
        async with (
            self._log.subscribe([topic_name(WAYSTATION)]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            while True:
                await self._handle(await subscription.take(_TAKEN_AT_ONCE), subscription, tasks)

    async def _handle(self, deliveries: Sequence[Delivery], subscription: Subscription, tasks: TaskGroup) -> None:
        batch = _Batch()
        messages: list[tuple[Delivery, TraversalId, Message]] = []
        for delivery in deliveries:
            outcome = unseal(delivery.record)
            if isinstance(outcome, Failure):
                _bury(batch, delivery, outcome.failure())
                continue
            message = outcome.unwrap()
            subject = subject_of(message)
            if subject is None:
                _bury(batch, delivery, f"{type(message).__name__} is not for the waystation")
            else:
                messages.append((delivery, subject, message))
        present = await self._roster.call(list(dict.fromkeys(subject for _, subject, _ in messages)))
        await self._roster.fetch(
            message.plan
            for _, subject, message in messages
            if isinstance(message, TraversalRequested) and subject not in present
        )
        batch.cases = {traversal: _Case(each, each.state.version) for traversal, each in present.items()}
        messages = await self._without_recorded(messages, batch)
        self._decide_all(messages, batch)
        changed = [case for case in batch.cases.values() if case.decisions]
        await self._journal.commit(
            [
                Change(
                    origin=case.present.origin,
                    base=case.base,
                    decisions=tuple(case.decisions),
                    state=case.present.state,
                )
                for case in changed
            ]
        )
        for case in changed:
            self._roster.keep(case.present)
        await self._log.publish([*batch.records, *batch.dead])
        tasks.start_soon(subscription.acknowledge, deliveries)  # nobody waits for it: it may share the next commit
        self._feed.tell([_sighting(case) for case in changed])

    async def _without_recorded(
        self, messages: list[tuple[Delivery, TraversalId, Message]], batch: _Batch
    ) -> list[tuple[Delivery, TraversalId, Message]]:
        """The messages that were not heard before a crash; what the others decided is sent again."""
        suspects = [(subject, delivery.record.id) for delivery, subject, _ in messages if delivery.may_be_repeated]
        recorded = await self._journal.recorded(suspects) if suspects else {}
        if not recorded:
            return messages
        fresh = []
        for delivery, subject, message in messages:
            cause = (subject, delivery.record.id)
            if cause not in recorded:
                fresh.append((delivery, subject, message))
                continue
            case = batch.cases[subject]
            decisions = await self._journal.decisions(subject)
            batch.records += sent_again(case.present, decisions, delivery.record.id)
            if isinstance(message, TraversalRequested) and case.present.state.has_ended:
                batch.records += told_again(case.present, delivery.record.id, self._clock.now())
        return fresh

    def _decide_all(self, messages: Sequence[tuple[Delivery, TraversalId, Message]], batch: _Batch) -> None:
        """Every message in order of arrival. No waiting here: this is what a step costs."""
        now = self._clock.now()
        for delivery, subject, message in messages:
            case = batch.cases.get(subject)
            if case is None:
                dag = self._roster.dag_of(message.plan) if isinstance(message, TraversalRequested) else None
                present = newcomer(message, dag)
                if present is None:
                    _log.debug("%s for an unknown traversal %s", type(message).__name__, subject)
                    continue
                case = batch.cases[subject] = _Case(present, 0)
            try:
                verdict = decide(case.present, message, now)
                records = _records_of(verdict, delivery.record.id, now)
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
                            cause=delivery.record.id,
                            at=now,
                            events=events,
                            effects=effects,
                        )
                    )
                    case.nodes += [(event.node, type(event).__name__) for event in events if hasattr(event, "node")]
                    batch.records += records
                case AskedAgain(present=present):
                    case.present = present
                    batch.records += records
                case Refused(reason=reason, is_dead=is_dead):
                    _log.debug("%s of %s refused: %s", type(message).__name__, subject, reason)
                    if is_dead:
                        _bury(batch, delivery, reason)


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
    batch.dead.append(dead_letter(delivery.record, reason))


def _sighting(case: _Case) -> Sighting:
    state = case.present.state
    return Sighting(
        traversal=state.traversal,
        root=case.present.origin.root,
        status=state.status,
        version=state.version,
        nodes=tuple(case.nodes),
    )
