"""What can be seen only while it happens.

Nothing is sent before what it follows from has been decided: in the end both are there, and nobody could tell which
came first; but who dies between the two has then promised what nobody decided (see
`waygrid_shell.ports.outbox.DecisionOutbox`).

And nothing is ever lost by itself: so what sweepers find to be nowhere is either lost, or was there.
"""

from collections.abc import Sequence

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.digest import short_digest
from waygrid_shell.ports.journal import Change

_TOLD_AT_MOST = 4
"""Messages that tell again of an end."""


class Witness:
    """Sees what is committed and what is published, in that order; `seen` is what must not be."""

    def __init__(self) -> None:
        self._decided: set[str] = set()
        """What decisions were made because of."""
        self.seen: list[str] = []

    def committed(self, changes: Sequence[Change]) -> None:
        """These have been."""
        self._decided.update(decision.cause for change in changes for decision in change.decisions)

    def published(self, records: Sequence[TransportEnvelope]) -> None:
        """These have been."""
        for record in records:
            sent = record.sealed
            if sent is None or sent.sender.service != WAYSTATION:
                continue
            if sent.stamps.causation is None:
                self.seen.append(f"{type(sent.message).__name__} to {record.topic} was swept up, and nothing was lost")
                continue
            if sent.stamps.causation not in self._decided and not _tells_again(sent.id, sent.stamps.causation):
                self.seen.append(
                    f"{type(sent.message).__name__} was sent before anything was decided that it follows from"
                )


def _tells_again(message: str, cause: str) -> bool:
    """Whether it tells of an end because somebody asked again: then there is nothing to decide."""
    return any(message == short_digest(f"{cause}/{index}".encode()) for index in range(_TOLD_AT_MOST))
