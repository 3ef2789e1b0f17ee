"""Sends again what traversals wait for, from their states alone.

Nothing is lost by itself; but a message may have gone to the dead letters, by a mistake that is mended by now, or a
topic may have been cleared by hand. Sending an obligation again is always safe: a worker drops what it works on and
answers again what it has done, a child that has ended answers again, a timer is set to where it was.
"""

from collections.abc import Sequence
from typing import Final

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.from_effect import from_effect
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.dag_store import DagStore
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Journal
from waygrid_shell.services.waystation.outbox import sender_of
from waygrid_shell.services.waystation.recovery import waited_for
from waygrid_shell.services.waystation.roster import Roster

_AT_ONCE: Final = 500
"""Traversals whose states are in memory at a time."""


class Sweeper:
    """Looks at every unfinished traversal when it is asked to."""

    def __init__(self, *, event_log: EventLog, journal: Journal, dag_store: DagStore, clock: Clock) -> None:
        self._log = event_log
        self._journal = journal
        self._dag_store = dag_store
        self._clock = clock

    async def sweep(self) -> int:
        """Send all obligations again; how many messages that makes. Raises what ports raise.

        Whoever calls it counts them: `telemetry.names.SWEPT`.
        """
        unfinished = [summary.traversal for summary in await self._journal.unfinished()]
        sent = 0
        for start in range(0, len(unfinished), _AT_ONCE):
            records = await self._records(unfinished[start : start + _AT_ONCE])
            await self._log.publish(records)
            sent += len(records)
        return sent

    async def _records(self, traversals: Sequence[TraversalId]) -> list[TransportEnvelope]:
        present = (await Roster(self._journal, self._dag_store).call(traversals)).present
        now = self._clock.now()
        records = []
        for each in present.values():
            if each.dag is None:
                continue
            sender = sender_of(each, None)
            messages = [message for effect in waited_for(each.state) for message in from_effect(effect, sender)]
            for index, (receiver, message) in enumerate(messages):
                name = digest_hex(f"{each.state.traversal}/{each.state.version}/again/{index}".encode())[:32]
                records.append(
                    seal(receiver, message, name, sender=WAYSTATION, sent_at=now, trace=each.trace, delivery=2)
                )
        return records
