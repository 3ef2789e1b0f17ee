"""Keeps timers, and fires them: none early, none lost, late ones at once.

A timer is unset only after what it brings has been published, so a crash between the two fires it again, and the
machine knows a timer that it has heard of. One that has been moved meanwhile is not unset. Of several schedulers each
fires those of its partitions; one that has lost a partition and does not know it yet fires a timer a second time, and
writes down nothing that has been written down since (`requests`).
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import anyio

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import TimerFired
from waygrid_core.model.address import SCHEDULER, WAYSTATION
from waygrid_core.model.digest import short_digest
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.post import seal
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import EventLog, Subscription
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.timer_book import Timer, TimerBook
from waygrid_shell.services.scheduler.requests import WritingDown, read_requests
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import TIMER_LATE_SECONDS

_TOPIC: Final = topic_name(SCHEDULER)

_TAKEN_AT_ONCE: Final = 2_000
_FIRED_AT_ONCE: Final = 1_000

_log = logging.getLogger(__name__)

LONGEST_SLEEP_SECONDS: Final = 5.0
"""A clock may be set while we sleep: then a timer is at most this late."""


class Scheduler:
    """Serves `waygrid://system/scheduler`, or the partitions of it that it is given, until it is canceled."""

    def __init__(
        self, *, event_log: EventLog, timer_book: TimerBook, clock: Clock, metrics: Metrics | None = None
    ) -> None:
        self._log = event_log
        self._metrics = metrics or Metrics()
        self._book = timer_book
        self._clock = clock
        self._changed = anyio.Event()
        self._sleeps_until: datetime | None = None
        """None while it is awake: it may have looked already at what has changed."""

    async def run(self) -> None:
        """Serve. Raises what its ports raise."""
        async with (
            self._log.subscribe([_TOPIC]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            writing = WritingDown(_TOPIC, event_log=self._log, timer_book=self._book)
            receipts = Receipts(subscription)
            tasks.start_soon(receipts.run)
            tasks.start_soon(self._fire, subscription)
            tasks.start_soon(self._hear_of_partitions, subscription)
            while True:
                deliveries = await subscription.take(_TAKEN_AT_ONCE)
                requests, dead = read_requests(deliveries)
                to_set = await writing.write(deliveries, requests)
                if dead:
                    await self._log.publish(dead)
                receipts.give(deliveries)
                self._call_for(timer.due for timer in to_set)

    def _call_for(self, instants: Iterable[datetime]) -> None:
        """Have timers fired that are due then, unless that would be looked at anyway by then."""
        earliest = min(instants, default=None)
        if earliest is not None and (self._sleeps_until is None or earliest < self._sleeps_until):
            self._changed.set()

    async def _hear_of_partitions(self, subscription: Subscription) -> None:
        """Timers of a partition that comes may be due; those of one that has gone are somebody else's."""
        while True:
            await self._move_strays(subscription)
            await subscription.reassigned()
            self._changed.set()

    async def _move_strays(self, subscription: Subscription) -> None:
        """A topic that was made anew with fewer partitions leaves timers that nobody fires: who has the first does."""
        try:
            there = (await self._log.ends(_TOPIC)).keys()
            if not there or min(there) not in subscription.partitions:
                return
            moved = await self._book.move_strays(there, min(there))
        except PortFailure as failure:  # all others fire meanwhile
            _log.warning("timers of partitions that are no more were not looked for: %s", failure)
            return
        if moved:
            _log.warning("%d timers of partitions that %s no longer has are fired with its first", moved, _TOPIC)
            self._changed.set()

    async def _fire(self, subscription: Subscription) -> None:
        while True:
            self._changed, self._sleeps_until = anyio.Event(), None
            now, partitions = self._clock.now(), subscription.partitions
            due = await self._book.due(now, _FIRED_AT_ONCE, partitions)
            if due:
                await self._log.publish([_fired(timer, now) for timer in due])
                await self._book.unset(due)
                self._metrics.observe(TIMER_LATE_SECONDS, [(now - timer.due).total_seconds() for timer in due])
            else:
                seconds = _seconds_until(await self._book.next_due(partitions), now)
                self._sleeps_until = now + timedelta(seconds=seconds)
                with anyio.move_on_after(seconds):
                    await self._changed.wait()


def _fired(timer: Timer, now: datetime) -> TransportEnvelope:
    """Its id follows from the timer and its instant: fired again after a crash, it is the same message."""
    message_id = short_digest(f"{timer.id}/{timer.due.isoformat()}".encode())
    fired = TimerFired(timer.traversal, timer.id)
    return seal(WAYSTATION, fired, message_id, sender=SCHEDULER, sent_at=now)


def _seconds_until(due: datetime | None, now: datetime) -> float:
    if due is None:
        return LONGEST_SLEEP_SECONDS
    return min(max((due - now).total_seconds(), 0.001), LONGEST_SLEEP_SECONDS)
