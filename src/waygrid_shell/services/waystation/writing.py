"""How what a batch decided is written: the decisions first, then the messages that follow from them, then receipts.

Where one commit does both there is nothing to say. Else a batch is done with its commit as far as the next one is
concerned: its messages are published while that is decided, by a task that sends whatever has gathered meanwhile as
one. So the order of the messages is that of the commits, and a receipt comes after the messages of its batch.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import anyio

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.ports.event_log import Delivery, EventLog
from waygrid_shell.ports.journal import Change, Journal
from waygrid_shell.ports.outbox import DecisionOutbox

_MOST_UNSENT: Final = 2
"""Batches that are committed and not being published: more would only be more to send again after a crash."""


class Writer(Protocol):
    """Writes batches, one after the other, while it runs."""

    async def write(
        self, changes: Sequence[Change], records: Sequence[TransportEnvelope], deliveries: Sequence[Delivery]
    ) -> None:
        """Return once the changes are committed; publish the records, and acknowledge the deliveries after that.

        Raises as `Journal.commit` does. Nothing is sent of a batch whose commit failed.
        """
        ...

    async def run(self) -> None:
        """Do what `write` leaves for later. Raises as `EventLog.publish` does."""
        ...


class OneCommit:
    """For an outbox that writes both or neither."""

    def __init__(self, outbox: DecisionOutbox, receipts: Receipts) -> None:
        self._outbox = outbox
        self._receipts = receipts

    async def write(
        self, changes: Sequence[Change], records: Sequence[TransportEnvelope], deliveries: Sequence[Delivery]
    ) -> None:
        await self._outbox.decide(changes, records)
        self._receipts.give(deliveries)

    async def run(self) -> None:
        await anyio.sleep_forever()


class StepByStep:
    """For ports that share no transaction."""

    def __init__(self, journal: Journal, event_log: EventLog, receipts: Receipts) -> None:
        self._journal = journal
        self._log = event_log
        self._receipts = receipts
        self._unsent: list[tuple[Sequence[TransportEnvelope], Sequence[Delivery]]] = []
        self._has_some = asyncio.Event()
        self._has_room = asyncio.Event()

    async def write(
        self, changes: Sequence[Change], records: Sequence[TransportEnvelope], deliveries: Sequence[Delivery]
    ) -> None:
        if changes:
            await self._journal.commit(changes)
        while len(self._unsent) >= _MOST_UNSENT:
            self._has_room.clear()
            await self._has_room.wait()
        self._unsent.append((records, deliveries))
        self._has_some.set()

    async def run(self) -> None:
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            unsent, self._unsent = self._unsent, []
            self._has_room.set()
            if records := [record for records, _ in unsent for record in records]:
                await self._log.publish(records)
            for _, deliveries in unsent:
                self._receipts.give(deliveries)
