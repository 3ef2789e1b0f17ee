"""Effects as records: what the journal says was decided, on its way to those who do it.

The same decision always gives the same records under the same ids; so what a crash swallowed is sent again by
calling this again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from waygrid_core.envelope.stamps import Stamps
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.from_effect import Sender, from_effect, from_end
from waygrid_core.message.identity import message_id
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.digest import short_digest
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.hosting.post import seal, seal_stamped
from waygrid_shell.ports.journal import AnyEffect, AnyState
from waygrid_shell.services.waystation.roster import Present


def _nothing(effect: AnyEffect) -> bool:
    del effect
    return False


def outgoing(
    present: Present,
    before: AnyState | None,
    effects: Sequence[AnyEffect],
    *,
    at: datetime,
    cause: str,
    version: int | None = None,
    delivery: int = 1,
    without: Callable[[AnyEffect], bool] = _nothing,
) -> list[TransportEnvelope]:
    """The records of the effects of one decision, which made `present.state` of `before`.

    `version`: the decision was an earlier one, and made that version; what of a state may have changed since then is
    not asked for. An effect that is left out keeps its number, so that the others keep their ids.
    """
    sender = sender_of(present, before)
    stamps = Stamps(causation=cause, trace=present.trace, delivery=delivery)
    version, index = present.state.version if version is None else version, 0
    records: list[TransportEnvelope] = []
    for effect in effects:
        for receiver, message in from_effect(effect, sender):
            if not without(effect):
                name = message_id(sender.traversal, version, index)
                records.append(seal_stamped(receiver, message, name, WAYSTATION, at, stamps))
            index += 1
    return records


def told_again(present: Present, cause: str, at: datetime) -> list[TransportEnvelope]:
    """The records that tell the end of a traversal again, because of the message `cause`."""
    return [
        seal(
            receiver,
            message,
            short_digest(f"{cause}/{index}".encode()),
            sender=WAYSTATION,
            sent_at=at,
            causation=cause,
            trace=present.trace,
        )
        for index, (receiver, message) in enumerate(from_end(sender_of(present, None)))
    ]


def sender_of(present: Present, before: AnyState | None) -> Sender:
    """The traversal as the sender of its effects."""
    return Sender(
        state=present.state,
        root=present.origin.root,
        plan=present.origin.plan,
        parent=present.origin.parent,
        dag=present.dag,
        before=before if isinstance(before, TraversalState) else None,
    )
