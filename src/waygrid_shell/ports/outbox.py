"""What a service writes together with the messages that follow from it."""

from collections.abc import Sequence
from typing import Protocol

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.ports.journal import Change
from waygrid_shell.ports.seen_ledger import Answer


class DecisionOutbox(Protocol):
    """Writes what traversals decided, and sends what follows from it.

    After a crash there is both, or the decisions alone, or neither; never the messages alone. An adapter whose ports
    share a database gives both or neither, in one commit. What the ports promise of each part holds.
    """

    async def decide(self, changes: Sequence[Change], records: Sequence[TransportEnvelope]) -> None:
        """Commit the changes and publish the records. Raises as `Journal.commit` and `EventLog.publish`."""
        ...


class AnswerOutbox(Protocol):
    """Remembers answers, and sends them; as `DecisionOutbox` does, never the messages alone."""

    async def answer(self, answers: Sequence[Answer], records: Sequence[TransportEnvelope]) -> None:
        """Record the answers and publish the records. Raises as `SeenLedger.record` and `EventLog.publish`."""
        ...


class Outbox(DecisionOutbox, AnswerOutbox, Protocol):
    """Both."""
