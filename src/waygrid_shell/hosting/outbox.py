"""The outboxes of a plant whose ports share no transaction: one write after the other, what is remembered first.

A crash between the two is made good by what is remembered: a message that comes again finds the decision that it made
in the journal, or its answer in the ledger, and what follows from that is sent again under the same ids.
"""

from collections.abc import Sequence

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Change, Journal
from waygrid_shell.ports.seen_ledger import Answer, SeenLedger


class DecisionsStepByStep:
    """See `waygrid_shell.ports.outbox.DecisionOutbox`."""

    def __init__(self, *, journal: Journal, event_log: EventLog) -> None:
        self._journal = journal
        self._log = event_log

    async def decide(self, changes: Sequence[Change], records: Sequence[TransportEnvelope]) -> None:
        if changes:
            await self._journal.commit(changes)
        if records:
            await self._log.publish(records)


class AnswersStepByStep:
    """See `waygrid_shell.ports.outbox.AnswerOutbox`."""

    def __init__(self, *, seen_ledger: SeenLedger, event_log: EventLog) -> None:
        self._ledger = seen_ledger
        self._log = event_log

    async def answer(self, answers: Sequence[Answer], records: Sequence[TransportEnvelope]) -> None:
        if answers:
            await self._ledger.record(answers)
        if records:
            await self._log.publish(records)
