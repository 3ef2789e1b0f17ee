"""Shares the work of one address among workers elsewhere.

The desk has the one subscription of the address, and hands each attempt to one of the workers that sit at it. It does
what a worker in this process does around a handler: it drops a request whose attempt is under way, answers one that is
remembered, takes a canceled attempt away from whoever has it, keeps an answer and publishes it, and acknowledges a
request only then. What a worker has that leaves goes to the others, or waits for the next.

A desk is open as long as somebody sits at it: the first worker opens it, the last one closes it, and meanwhile nobody
else can serve the address. `Desks` sees to that.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import anyio
from attrs import frozen

from waygrid_core.codec.wire import encode_message
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.identity import answer_id, ledger_id
from waygrid_core.message.messages import (
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalRequested,
)
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.topic import topic_name
from waygrid_shell.hosting.outbox import AnswersStepByStep
from waygrid_shell.hosting.post import open_all, seal
from waygrid_shell.hosting.receipts import Receipts
from waygrid_shell.hosting.remembered import key_of, remembered_answers
from waygrid_shell.hosting.seat import Answered, Job, Seat
from waygrid_shell.hosting.tally import CANCELED, outcome_of
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import Delivery, EventLog, Subscription
from waygrid_shell.ports.seen_ledger import Answer, SeenLedger
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import ATTEMPT_SECONDS, ATTEMPTS, IN_FLIGHT

MAX_WAITING: Final = 10_000
"""Attempts of one address that wait here for a free worker; more are left in the log."""

_TAKEN_AT_ONCE: Final = 1_000

_MAX_CANCELED: Final = 10_000
"""Keys that are kept of attempts which were canceled while no worker was there that had them, or before they came."""


@frozen(kw_only=True)
class _Ports:
    event_log: EventLog
    seen_ledger: SeenLedger
    clock: Clock
    metrics: Metrics


class Desk:
    """One address, and the workers that serve it. Made by `Desks`."""

    def __init__(self, address: ServiceAddress, ports: _Ports) -> None:
        self.address = address
        self._ports = ports
        self._outbox = AnswersStepByStep(seen_ledger=ports.seen_ledger, event_log=ports.event_log)
        self._turn = anyio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._seats: list[Seat] = []
        self._jobs: dict[str, Job] = {}
        self._waiting: OrderedDict[str, Job] = OrderedDict()
        self._claims: dict[str, Seat] = {}
        self._canceled: OrderedDict[str, None] = OrderedDict()
        self._just_answered: dict[str, Message] = {}
        self._receipts: Receipts | None = None
        """Of the subscription that it has, or had last."""
        self._has_room = asyncio.Event()
        ports.metrics.ask(IN_FLIGHT, lambda: len(self._jobs) - len(self._waiting), str(address))

    @asynccontextmanager
    async def sit(self, seat: Seat, holding: Iterable[str]) -> AsyncIterator[Sequence[str]]:
        """Take part, as long as the context lasts; gives those of `holding` that nobody wants from it any more.

        Raises what ports raise if the desk cannot be opened. If it fails later, `seat.fail` is told.
        """
        async with self._turn:
            self._seats.append(seat)  # before it is open: it may fail as soon as it is
            try:
                if self._task is None or self._task.done():
                    await self._open()
            except BaseException:
                if seat in self._seats:
                    self._seats.remove(seat)
                if not self._seats:  # canceled, it is open perhaps, or will be
                    with anyio.CancelScope(shield=True):
                        await self._close()
                raise
        try:
            yield self._claim(seat, holding)
        finally:
            self._leave(seat)
            with anyio.CancelScope(shield=True):
                async with self._turn:
                    if not self._seats:
                        await self._close()

    def hand_out(self) -> None:
        """Give what waits to who has room, those with the most room first."""
        given: dict[int, tuple[Seat, list[Job]]] = {}
        while self._waiting:
            seat = max(self._seats, key=lambda each: each.room, default=None)
            if seat is None or seat.room <= 0:
                break
            _, job = self._waiting.popitem(last=False)
            self._assign(job, seat)
            given.setdefault(id(seat), (seat, []))[1].append(job)
        for seat, jobs in given.values():
            seat.give(jobs)
        if len(self._waiting) < MAX_WAITING:
            self._has_room.set()

    async def answer(self, seat: Seat, answers: Sequence[tuple[Job, Answered]]) -> None:
        """Keep and publish what the worker's attempts came to. Raises what ports raise; then it still has them."""
        held = [(job, answer) for job, answer in answers if seat.jobs.get(job.key) is job]
        if not held:
            return
        now = self._ports.clock.now()
        new = [Answer(ledger_id(answer, job.key), encode_message(answer), now) for job, answer in held]
        records = [self._sealed(job, answer, now) for job, answer in held]
        await self._outbox.answer(new, records)
        for job, answer in held:
            if self._jobs.get(job.key) is not job:
                continue  # the desk has failed meanwhile; the request comes again, and is answered from memory
            self._just_answered[job.key] = answer
            self._settle(job)
            self._measure(job, outcome_of(answer), now)
        self.hand_out()

    def release(self, seat: Seat, jobs: Sequence[Job]) -> None:
        """The worker will not answer these: canceled ones are done with, the others go to somebody else."""
        for job in reversed([job for job in jobs if seat.jobs.get(job.key) is job]):
            self._take_back(job)
        self.hand_out()

    # --- who sits here

    def _claim(self, seat: Seat, holding: Iterable[str]) -> Sequence[str]:
        lost: list[str] = []
        given: list[Job] = []
        for key in holding:
            job = self._jobs.get(key)
            if key in self._canceled or (job is not None and job.seat not in (None, seat)):
                lost.append(key)
            elif job is not None and job.seat is seat:
                pass  # it was given to it already
            elif job is not None:
                del self._waiting[key]
                self._assign(job, seat)
                given.append(job)
            else:
                self._claims[key] = seat
        if given:
            seat.give(given)
        self.hand_out()
        return lost

    def _leave(self, seat: Seat) -> None:
        if seat not in self._seats:
            return  # the desk has failed
        self._seats.remove(seat)
        self._claims = {key: claimer for key, claimer in self._claims.items() if claimer is not seat}
        self.release(seat, list(seat.jobs.values()))

    async def _open(self) -> None:
        """A task, and no child of the worker that came first: it goes on when that one leaves and others stay."""
        self._opened.clear()
        self._task = task = asyncio.create_task(self._run(), name=f"desk of {self.address}")
        opened = asyncio.create_task(self._opened.wait())
        try:
            await asyncio.wait({task, opened}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            opened.cancel()
        if task.done():
            await task

    async def _close(self) -> None:
        """What was not acknowledged comes again to whoever serves the address next."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self._forget()

    def _forget(self) -> None:
        self._jobs.clear()
        self._waiting.clear()
        self._claims.clear()
        self._canceled.clear()
        self._just_answered.clear()

    # --- what comes from the log

    async def _run(self) -> None:
        try:
            async with (
                self._ports.event_log.subscribe([topic_name(self.address)]) as subscription,
                anyio.create_task_group() as tasks,
            ):
                self._receipts = Receipts(subscription)
                tasks.start_soon(self._receipts.run)
                tasks.start_soon(self._hear_of_partitions, subscription)
                self._opened.set()
                while True:
                    self._has_room.clear()
                    if len(self._waiting) >= MAX_WAITING:
                        await self._has_room.wait()
                    await self._receive(await subscription.take(_TAKEN_AT_ONCE))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # whatever it is: those who sit here must hear of it
            seats, self._seats = self._seats, []
            self._forget()
            for seat in seats:
                seat.jobs.clear()
                seat.fail(_only(error))
            if not self._opened.is_set():
                raise _only(error) from error

    async def _hear_of_partitions(self, subscription: Subscription) -> None:
        """What nobody works on and came by a partition that has gone is left to whoever reads that now."""
        while True:
            await subscription.reassigned()
            partitions = subscription.partitions
            for job in list(self._waiting.values()):
                if all(each.partition not in partitions for each in job.deliveries):
                    del self._waiting[job.key]
                    del self._jobs[job.key]
            self._has_room.set()

    async def _receive(self, deliveries: Sequence[Delivery]) -> None:
        """In the order of arrival: a cancel comes after what it cancels."""
        self._just_answered.clear()
        mail, dead = open_all(deliveries)
        remembered = await remembered_answers(self._ports.seen_ledger, mail)
        answered: list[tuple[Job, Message]] = []
        withdrawn: list[Delivery] = []
        claimed: dict[int, tuple[Seat, list[Job]]] = {}
        for delivery, envelope in mail:
            match envelope.message:
                case NodeTraversalRequested() as request if key_of(request) in self._canceled:
                    withdrawn.append(delivery)  # it was slow to come: its cancel was here before it
                case NodeTraversalRequested() as request:
                    job = Job(key_of(request), request, delivery.record, envelope.stamps.trace, [delivery])
                    if (answer := self._ask_for(job, remembered, claimed)) is not None:
                        answered.append((job, answer))
                case NodeTraversalCancelRequested() as cancel:
                    self._cancel(cancel, delivery)
                case _ as message:
                    dead.append((delivery, f"{type(message).__name__} is not for {self.address}"))
        for seat, jobs in claimed.values():
            seat.give([job for job in jobs if job.seat is seat])
        self.hand_out()
        now = self._ports.clock.now()
        records = [self._sealed(job, answer, now) for job, answer in answered]
        records += [dead_letter(delivery.record, reason) for delivery, reason in dead]
        if records:
            await self._ports.event_log.publish(records)
        self._acknowledge_soon([*withdrawn, *(delivery for delivery, _ in dead)])
        self._acknowledge_soon([delivery for job, _ in answered for delivery in job.deliveries])

    def _ask_for(
        self,
        job: Job,
        remembered: Mapping[str, Message],
        claimed: dict[int, tuple[Seat, list[Job]]],
    ) -> Message | None:
        """The answer, if there is one already; else the attempt will be made."""
        key = job.key
        if (known := self._jobs.get(key)) is not None:
            known.deliveries += job.deliveries
            return None
        if (answer := self._just_answered.get(key) or remembered.get(key)) is not None:
            return answer
        self._jobs[key] = job
        if (claimer := self._claims.pop(key, None)) is not None:
            self._assign(job, claimer)
            claimed.setdefault(id(claimer), (claimer, []))[1].append(job)
        else:
            self._waiting[key] = job
        return None

    def _cancel(self, message: NodeTraversalCancelRequested, delivery: Delivery) -> None:
        """Both are acknowledged together, lest a crash part them."""
        key = key_of(message)
        job = self._jobs.get(key)
        if job is None:
            self._withdraw(key)
            self._acknowledge_soon([delivery])
            return
        job.deliveries.append(delivery)
        if job.is_canceled:
            return
        job.is_canceled = True
        self._withdraw(key)  # its request may come again; and who works on it and is away hears of it when it is back
        if job.seat is not None:
            job.seat.cancel(job)
        else:
            self._settle(job)

    def _withdraw(self, key: str) -> None:
        self._canceled[key] = None
        if len(self._canceled) > _MAX_CANCELED:
            self._canceled.popitem(last=False)

    # --- one job

    def _assign(self, job: Job, seat: Seat) -> None:
        job.seat = seat
        job.given_at = self._ports.clock.now()
        seat.jobs[job.key] = job

    def _take_back(self, job: Job) -> None:
        if job.is_canceled:
            self._settle(job)
            self._measure(job, CANCELED, self._ports.clock.now())
            return
        if job.seat is not None:
            del job.seat.jobs[job.key]
        job.seat = None
        self._waiting[job.key] = job
        self._waiting.move_to_end(job.key, last=False)

    def _settle(self, job: Job) -> None:
        """Nothing is to be done for it any more."""
        if job.seat is not None:
            del job.seat.jobs[job.key]
        self._waiting.pop(job.key, None)
        del self._jobs[job.key]
        self._acknowledge_soon(job.deliveries)

    def _measure(self, job: Job, outcome: str, now: datetime) -> None:
        self._ports.metrics.count(ATTEMPTS, str(self.address), outcome)
        if job.given_at is not None:
            seconds = max(0.0, (now - job.given_at).total_seconds())
            self._ports.metrics.observe(ATTEMPT_SECONDS, [seconds], str(self.address))

    def _sealed(self, job: Job, answer: Message, now: datetime) -> TransportEnvelope:
        return seal(WAYSTATION, answer, answer_id(job.key, answer), sender=self.address, sent_at=now, trace=job.trace)

    def _acknowledge_soon(self, deliveries: Sequence[Delivery]) -> None:
        assert self._receipts is not None, "what is done with came by a subscription"
        self._receipts.give(deliveries)


class Desks:
    """The desks of a server, one for each address that workers elsewhere serve."""

    def __init__(self, *, event_log: EventLog, seen_ledger: SeenLedger, clock: Clock, metrics: Metrics) -> None:
        self._ports = _Ports(event_log=event_log, seen_ledger=seen_ledger, clock=clock, metrics=metrics)
        self._desks: dict[ServiceAddress, Desk] = {}

    def of(self, address: ServiceAddress) -> Desk:
        """The desk of that address, open or not."""
        desk = self._desks.get(address)
        if desk is None:
            desk = self._desks[address] = Desk(address, self._ports)
        return desk


def _only(error: BaseException) -> BaseException:
    """The failure of a port that is alone in its group; else the error itself."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
