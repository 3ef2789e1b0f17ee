"""The worker of one address: takes requests for attempts, runs the handler, answers.

A request is acknowledged only after its answer is kept and on its way, so a crash means that the attempt is made again,
under the same keys. A request that comes again while its attempt is under way is dropped; one whose answer is
remembered, or about to be, is answered from memory; else the work is done again.

Attempts run side by side, at so many places. Answers are sent in batches: whatever finished while one batch was being
written makes up the next.
"""

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import anyio
from attrs import define, frozen

from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.identity import answer_id, ledger_id
from waygrid_core.message.messages import (
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalFailed,
    NodeTraversalRequested,
)
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.topic import topic_name
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.hosting.answering import Answering, idempotency_key
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.outbox import AnswersStepByStep
from waygrid_shell.hosting.places import Places
from waygrid_shell.hosting.post import open_all, seal
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.hosting.remembered import key_of, remembered_answers
from waygrid_shell.hosting.tally import AttemptTally
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import Delivery, EventLog, Subscription
from waygrid_shell.ports.live_feed import LiveFeed
from waygrid_shell.ports.outbox import AnswerOutbox
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.ports.seen_ledger import Answer, SeenLedger
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.tracing import NO_TRACING, Tracing

__all__ = ["MAX_WAITING", "Worker", "idempotency_key"]

_log = logging.getLogger(__name__)

_TAKEN_AT_ONCE: Final = 1_000

MAX_WAITING: Final = 10_000
"""Attempts that wait here for a free place; more are left in the log. A cancel is heard before its attempt begins if no
more than that many stand between them."""

_PATIENCE_SECONDS: Final = 5.0
"""What a handler that was canceled, or is past its deadline, has to end in; then its place goes to the next attempt."""

FAREWELL_SECONDS: Final = 5.0
"""How long the last answers may take to be sent, once no attempt is under way."""

_MAX_WITHDRAWN: Final = 10_000
"""Cancels that are remembered: the requests for these attempts may come later, or once more, from who was slow to send
them."""

MAX_ABANDONED: Final = 100
"""Handlers of one address that go on all the same beside those at its places; from then on each keeps its place."""


@define(eq=False)
class _UnderWay:
    """An attempt that waits for a free place (`place` None), or is being made, and the requests for it."""

    request: NodeTraversalRequested
    key: str
    trace: Trace | None
    deliveries: list[Delivery]
    place: "asyncio.Task[None] | None" = None
    began: float = 0.0
    is_canceled: bool = False
    is_abandoned: bool = False

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self.is_canceled = True
        if self.place is not None:
            self.place.cancel()


@frozen(eq=False)
class _Finished:
    """The requests for an attempt, and their answer; None if nobody waits for one."""

    key: str
    trace: Trace | None
    deliveries: Sequence[Delivery]
    answer: Message | None
    is_remembered: bool = False


class Worker:
    """Serves one address until it is canceled; what it has not answered by then comes to whoever serves it next.

    `live_feed` hears what handlers tell; without one nobody does. `outbox` None: an answer is kept first, then sent.
    """

    def __init__(
        self,
        address: ServiceAddress,
        served: Served,
        *,
        event_log: EventLog,
        seen_ledger: SeenLedger,
        secret_vault: SecretVault,
        clock: Clock,
        live_feed: LiveFeed | None = None,
        outbox: AnswerOutbox | None = None,
        metrics: Metrics | None = None,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._address = address
        self._served = served
        self._log = event_log
        self._ledger = seen_ledger
        self._outbox = outbox or AnswersStepByStep(seen_ledger=seen_ledger, event_log=event_log)
        self._clock = clock
        self._answering = Answering(address, served, secret_vault, live_feed, tracing)
        self._tally = AttemptTally(address, metrics or Metrics())
        self._under_way: dict[str, _UnderWay] = {}
        self._places: Places[_UnderWay] | None = None
        self._withdrawn: OrderedDict[str, None] = OrderedDict()
        self._finished: list[_Finished] = []
        self._fresh: dict[str, Message] = {}
        """Answers that the ledger may not have known when it was last asked."""
        self._kept: list[str] = []
        """Those of them that it has by now."""
        self._is_asking = False
        self._has_finished = asyncio.Event()
        self._is_closing = False
        self._unsent = 0
        self._has_sent = asyncio.Event()

    async def close(self) -> None:
        """Begin no attempt any more, and return once those under way have been answered.

        What has not begun is left for whoever serves the address next. Cancels are still heard. Answers that the log
        does not take are not waited for as long as attempts: who serves the address next finds them in the ledger.
        """
        self._is_closing = True
        while self._under_way:
            await self._has_changed()
        with anyio.move_on_after(FAREWELL_SECONDS):
            while self._unsent:
                await self._has_changed()

    async def _has_changed(self) -> None:
        self._has_sent.clear()
        await self._has_sent.wait()

    async def run(self) -> None:
        """Serve. Raises what its ports raise."""
        async with (
            self._log.subscribe([topic_name(self._address)]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            receipts = Receipts(subscription)
            tasks.start_soon(receipts.run)
            tasks.start_soon(self._send_answers, receipts)
            tasks.start_soon(self._hear_of_partitions, subscription)
            self._places = places = Places(self._served.concurrency, self._make, tasks)
            while True:
                await places.wait_for_room(MAX_WAITING)
                await self._receive(await subscription.take(_TAKEN_AT_ONCE), places, receipts)

    async def _hear_of_partitions(self, subscription: Subscription) -> None:
        """What has not begun and came by a partition that has gone is left to whoever reads that now."""
        while True:
            await subscription.reassigned()
            partitions = subscription.partitions
            for under_way in list(self._under_way.values()):
                if under_way.place is None and all(each.partition not in partitions for each in under_way.deliveries):
                    del self._under_way[under_way.key]
            self._has_sent.set()

    async def _receive(self, deliveries: Sequence[Delivery], places: Places[_UnderWay], receipts: Receipts) -> None:
        """In the order of arrival: a cancel comes after what it cancels."""
        mail, dead = open_all(deliveries)
        self._is_asking = True  # until the requests have been taken up, nothing fresh is left to the ledger
        remembered = await remembered_answers(self._ledger, mail)
        idle: list[Delivery] = []
        for delivery, envelope in mail:
            match envelope.message:
                case NodeTraversalRequested() as request:
                    self._take_up(request, envelope.stamps.trace, delivery, remembered, places)
                case NodeTraversalCancelRequested() as cancel:
                    if not self._cancel(cancel, delivery):
                        idle.append(delivery)
                case _ as message:
                    dead.append((delivery, f"{type(message).__name__} is not for {self._address}"))
        self._is_asking = False
        self._leave_to_ledger()
        if dead:
            await self._log.publish([dead_letter(delivery.record, reason) for delivery, reason in dead])
        if dead or idle:
            receipts.give([*idle, *(delivery for delivery, _ in dead)])

    def _leave_to_ledger(self) -> None:
        """What is kept is known by whoever asks from now on."""
        for key in self._kept:
            self._fresh.pop(key, None)
        self._kept.clear()

    def _take_up(
        self,
        request: NodeTraversalRequested,
        trace: Trace | None,
        delivery: Delivery,
        remembered: Mapping[str, Message],
        places: Places[_UnderWay],
    ) -> None:
        key = key_of(request)
        if (under_way := self._under_way.get(key)) is not None:
            under_way.deliveries.append(delivery)
        elif (answer := self._fresh.get(key) or remembered.get(key)) is not None:
            self._finish(_Finished(key, trace, [delivery], answer, is_remembered=True))
        elif key in self._withdrawn:
            self._finish(_Finished(key, trace, [delivery], None))
        elif not self._is_closing:
            self._under_way[key] = under_way = _UnderWay(request, key, trace, [delivery])
            places.give(under_way)

    def _cancel(self, message: NodeTraversalCancelRequested, delivery: Delivery) -> bool:
        """Whether there was something to cancel: then both are acknowledged together, lest a crash part them."""
        key = key_of(message)
        self._withdrawn[key] = None
        if len(self._withdrawn) > _MAX_WITHDRAWN:
            self._withdrawn.popitem(last=False)
        under_way = self._under_way.get(key)
        if under_way is None:
            return False
        under_way.deliveries.append(delivery)
        if not under_way.is_canceled:
            under_way.cancel()
            if under_way.place is not None:
                asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._abandon, under_way)
        return True

    async def _make(self, under_way: _UnderWay, place: "asyncio.Task[None]") -> None:
        if self._under_way.get(under_way.key) is not under_way:
            return  # its partition has gone
        if self._is_closing:
            del self._under_way[under_way.key]
            self._has_sent.set()
            return
        answer: Message | None = None
        if under_way.is_canceled:
            self._tally.skip()
        else:
            under_way.began, under_way.place = self._tally.begin(), place
            deadline = self._expect_end_of(under_way)
            try:
                answer = await self._answering.answer(under_way.request, under_way.key, under_way.trace)
            except asyncio.CancelledError:
                if anyio.current_effective_deadline() == -math.inf:
                    raise  # the worker itself is canceled
                answer = _canceled_itself(under_way.request)
            if under_way.is_canceled:
                answer = None
            while place.cancelling():
                place.uncancel()
            if deadline is not None:
                deadline.cancel()
            if under_way.is_abandoned:
                self._tally.end_abandoned()
                return
            self._tally.end(under_way.began, answer)
        self._end(under_way, answer)

    def _end(self, under_way: _UnderWay, answer: Message | None) -> None:
        del self._under_way[under_way.key]
        if answer is not None:
            self._fresh[under_way.key] = answer
        self._finish(_Finished(under_way.key, under_way.trace, under_way.deliveries, answer))

    def _expect_end_of(self, under_way: _UnderWay) -> asyncio.TimerHandle | None:
        if self._served.deadline is None:
            return None
        seconds = self._served.deadline.total_seconds() + _PATIENCE_SECONDS
        return asyncio.get_running_loop().call_later(seconds, self._abandon, under_way)

    def _abandon(self, under_way: _UnderWay) -> None:
        """It should have ended by now. If it has not, its handler does not hear that it should: go on without it."""
        place = under_way.place
        if place is None or self._under_way.get(under_way.key) is not under_way:
            return
        under_way.is_abandoned = True
        answer = None if under_way.is_canceled else _out_of_time(under_way.request)
        self._tally.abandon(under_way.began, answer)
        if self._tally.abandoned <= MAX_ABANDONED and self._places is not None:
            self._places.replace(place)
        _log.warning(
            "a handler of %s goes on although it was canceled: it is left to itself; it must let CancelledError pass",
            self._address,
        )
        self._end(under_way, answer)

    def _finish(self, finished: _Finished) -> None:
        self._finished.append(finished)
        self._unsent += 1
        self._has_finished.set()
        self._has_sent.set()

    async def _send_answers(self, receipts: Receipts) -> None:
        while True:
            await self._has_finished.wait()
            self._has_finished.clear()
            finished, self._finished = self._finished, []
            self._tally.tell()
            now = self._clock.now()
            new: list[Answer] = []
            records: list[TransportEnvelope] = []
            for each in finished:
                if each.answer is not None:
                    record = self._sealed(each.answer, each, now)
                    records.append(record)
                    if not each.is_remembered:
                        new.append(Answer(ledger_id(each.answer, each.key), record.value, now))
            await self._outbox.answer(new, records)
            self._kept += (each.key for each in finished if each.answer is not None)
            if not self._is_asking:
                self._leave_to_ledger()
            self._unsent -= len(finished)
            self._has_sent.set()
            done = [delivery for each in finished for delivery in each.deliveries]
            receipts.give(done)

    def _sealed(self, answer: Message, finished: _Finished, now: datetime) -> TransportEnvelope:
        name = answer_id(finished.key, answer)
        return seal(WAYSTATION, answer, name, sender=self._address, sent_at=now, trace=finished.trace)


def _out_of_time(request: NodeTraversalRequested) -> Message:
    error = ErrorDetail("timeout", "the handler went on after its deadline")
    return NodeTraversalFailed(request.traversal, request.node, request.attempt, error)


def _canceled_itself(request: NodeTraversalRequested) -> Message:
    """A handler may cancel the task that it runs in; that ends its attempt, and not the place."""
    error = ErrorDetail("handler-error", "the handler canceled the task that it ran in")
    return NodeTraversalFailed(request.traversal, request.node, request.attempt, error)
