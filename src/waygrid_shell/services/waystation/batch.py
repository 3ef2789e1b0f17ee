"""One batch: the messages that were taken together, the traversals that they are about, and what comes of it all."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

from attrs import define, field

from waygrid_core.children.plan import TraversalPlan
from waygrid_core.envelope.domain import DomainEnvelope
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.identity import subject_of
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.post import open_all
from waygrid_shell.ports.event_log import Delivery
from waygrid_shell.ports.journal import Change, Decision
from waygrid_shell.ports.live_feed import Sighting
from waygrid_shell.services.waystation.decide import AskedAgain, Decided, Refused, Verdict, decide, newcomer
from waygrid_shell.services.waystation.outbox import outgoing, told_again
from waygrid_shell.services.waystation.roster import Present, Readied

_log = logging.getLogger(__name__)

Mail: TypeAlias = tuple[Delivery, TraversalId, DomainEnvelope]
"""A record, whom it is about, and what is in it."""


@define(eq=False)
class Case:
    """One traversal in one batch. `base` is its version as the batch found it, `decisions` what the batch added."""

    present: Present
    base: int
    decisions: list[Decision] = field(factory=list)

    def change(self) -> Change:
        """What the journal is to keep of it."""
        present = self.present
        return Change(origin=present.origin, base=self.base, decisions=tuple(self.decisions), state=present.state)

    def sighting(self) -> Sighting:
        """What those are told who watch."""
        state = self.present.state
        nodes = []
        for decision in self.decisions:
            for event in decision.events:
                node = getattr(event, "node", None)
                if node is not None:
                    nodes.append((node, type(event).__name__))
        return Sighting(
            traversal=state.traversal,
            root=self.present.origin.root,
            status=state.status,
            base=self.base,
            version=state.version,
            nodes=nodes,
        )


@define(eq=False)
class Batch:
    """What a batch comes to: cases by traversal, and the records to send, in order."""

    cases: dict[TraversalId, Case] = field(factory=dict)
    records: list[TransportEnvelope] = field(factory=list)

    @property
    def changed(self) -> list[Case]:
        """Those about which something was decided."""
        return [case for case in self.cases.values() if case.decisions]

    def open(self, deliveries: Sequence[Delivery]) -> list[Mail]:
        """What is in the records, each message once; those that say nothing to the waystation are buried."""
        opened, unreadable = open_all(deliveries)
        for delivery, reason in unreadable:
            self._bury(delivery, reason)
        mail: dict[tuple[TraversalId, str], Mail] = {}
        for delivery, envelope in opened:
            subject = subject_of(envelope.message)
            if subject is None:
                self._bury(delivery, f"{type(envelope.message).__name__} is not for the waystation")
            else:
                mail.setdefault((subject, envelope.id), (delivery, subject, envelope))
        return list(mail.values())

    def decide(self, mail: Sequence[Mail], ready: Callable[[TraversalPlan], Readied], now: datetime) -> None:
        """Every message in order of arrival. No waiting here: this is what a step costs."""
        cases = self.cases
        for delivery, subject, envelope in mail:
            message, trace = envelope.message, envelope.stamps.trace
            case = cases.get(subject)
            if case is None:
                present = newcomer(message, ready, trace, now)
                if present is None:
                    _log.debug("%s for an unknown traversal %s", type(message).__name__, subject)
                    continue
                case = cases[subject] = Case(present, 0)
            try:
                verdict = decide(case.present, message, trace, now)
                records = _records_of(verdict, envelope.id, now)
            except Exception as error:  # the seam: one traversal that cannot be driven must not stop the others
                _log.exception("%s of traversal %s cannot be handled", type(message).__name__, subject)
                self._bury(delivery, f"{type(error).__name__}: {error}")
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
                    self.records += records
                case AskedAgain(present=present):
                    case.present = present
                    self.records += records
                case Refused(reason=reason, is_dead=is_dead):
                    _log.debug("%s of %s refused: %s", type(message).__name__, subject, reason)
                    if is_dead:
                        self._bury(delivery, reason)

    def _bury(self, delivery: Delivery, reason: str) -> None:
        self.records.append(dead_letter(delivery.record, reason))


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
