"""The outbox of answers where ports share no transaction: one write after the other, what is remembered first.

A crash between the two is made good by what is remembered: a request that comes again finds its answer in the ledger,
which is sent again under the same id. How the waystation does it is said in `services.waystation.writing`.
"""

from collections.abc import Sequence

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.seen_ledger import Answer, SeenLedger


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
