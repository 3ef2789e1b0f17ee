"""The worker of one address: takes requests for attempts, runs the handler, answers.

A request is acknowledged only after its answer is kept and on its way, so a crash means that the attempt is made again,
under the same keys. A request that comes again while its attempt is under way is dropped; one whose answer is
remembered is answered from memory; else the work is done again.

Attempts run side by side, each a task. Answers are sent in batches: whatever finished while one batch was being written
makes up the next.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import anyio
from anyio.abc import TaskGroup
from attrs import define, field, frozen

from waygrid_core.codec.wire import decode_message, encode_message
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.identity import answer_id, work_key
from waygrid_core.message.messages import (
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalFailed,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
)
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_core.outcome import Failure
from waygrid_core.traversal.error import ErrorDetail
from waygrid_shell.hosting.attempt import Attempt
from waygrid_shell.hosting.handler import Served
from waygrid_shell.hosting.making import make, reveal_all, without_secrets
from waygrid_shell.hosting.post import seal, unseal
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import Delivery, EventLog, Subscription
from waygrid_shell.ports.secret_vault import SecretVault
from waygrid_shell.ports.seen_ledger import Answer, SeenLedger

_TAKEN_AT_ONCE = 1_000


@define(eq=False)
class _UnderWay:
    """An attempt that waits for a free place, or is being made, and the requests for it."""

    request: NodeTraversalRequested
    key: str
    deliveries: list[Delivery]
    scope: anyio.CancelScope = field(factory=anyio.CancelScope)


@frozen(eq=False)
class _Finished:
    """The requests for an attempt, and their answer; None if nobody waits for one."""

    key: str
    deliveries: Sequence[Delivery]
    answer: Message | None
    is_remembered: bool = False


class Worker:
    """Serves one address until it is canceled; what it has not answered by then comes to whoever serves it next."""

    def __init__(
        self,
        address: ServiceAddress,
        served: Served,
        *,
        event_log: EventLog,
        seen_ledger: SeenLedger,
        secret_vault: SecretVault,
        clock: Clock,
    ) -> None:
        self._address = address
        self._served = served
        self._log = event_log
        self._ledger = seen_ledger
        self._vault = secret_vault
        self._clock = clock
        self._places = anyio.Semaphore(served.concurrency)
        self._under_way: dict[str, _UnderWay] = {}
        self._finished: list[_Finished] = []
        self._has_finished = asyncio.Event()
        self._is_closing = False
        self._unsent = 0
        self._has_sent = asyncio.Event()

    async def close(self) -> None:
        """Begin no attempt any more, and return once those under way have been answered.

        What has not begun is left for whoever serves the address next. Cancels are still heard.
        """
        self._is_closing = True
        while self._under_way or self._unsent:
            self._has_sent.clear()
            await self._has_sent.wait()

    async def run(self) -> None:
        """Serve. Raises what its ports raise."""
        async with (
            self._log.subscribe([topic_name(self._address)]) as subscription,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(self._send_answers, subscription, tasks)
            while True:
                await self._receive(await subscription.take(_TAKEN_AT_ONCE), subscription, tasks)

    async def _receive(self, deliveries: Sequence[Delivery], subscription: Subscription, tasks: TaskGroup) -> None:
        """In the order of arrival: a cancel comes after what it cancels."""
        messages: list[tuple[Delivery, Message]] = []
        dead: list[tuple[Delivery, str]] = []
        for delivery in deliveries:
            outcome = unseal(delivery.record)
            if isinstance(outcome, Failure):
                dead.append((delivery, outcome.failure()))
            else:
                messages.append((delivery, outcome.unwrap()))
        requests = [message for _, message in messages if isinstance(message, NodeTraversalRequested)]
        remembered = await self._ledger.recall([_key(request) for request in requests])
        idle: list[Delivery] = []
        for delivery, message in messages:
            match message:
                case NodeTraversalRequested():
                    self._take_up(message, delivery, remembered, tasks)
                case NodeTraversalCancelRequested():
                    if not self._cancel(message, delivery):
                        idle.append(delivery)
                case _:
                    dead.append((delivery, f"{type(message).__name__} is not for {self._address}"))
        if dead:
            await self._log.publish([dead_letter(delivery.record, reason) for delivery, reason in dead])
        if dead or idle:
            tasks.start_soon(subscription.acknowledge, [*idle, *(delivery for delivery, _ in dead)])

    def _take_up(
        self, request: NodeTraversalRequested, delivery: Delivery, remembered: Mapping[str, bytes], tasks: TaskGroup
    ) -> None:
        key = _key(request)
        if (under_way := self._under_way.get(key)) is not None:
            under_way.deliveries.append(delivery)
        elif (answer := _read(remembered.get(key))) is not None:
            self._finish(_Finished(key, [delivery], answer, is_remembered=True))
        elif not self._is_closing:
            self._under_way[key] = under_way = _UnderWay(request, key, [delivery])
            tasks.start_soon(self._make, under_way)

    def _cancel(self, message: NodeTraversalCancelRequested, delivery: Delivery) -> bool:
        """Whether there was something to cancel: then both are acknowledged together, lest a crash part them."""
        under_way = self._under_way.get(_key(message))
        if under_way is None:
            return False
        under_way.deliveries.append(delivery)
        under_way.scope.cancel()
        return True

    async def _make(self, under_way: _UnderWay) -> None:
        answer: Message | None = None
        with under_way.scope:
            async with self._places:
                if self._is_closing:
                    del self._under_way[under_way.key]
                    self._has_sent.set()
                    return
                answer = await self._answer_to(under_way.request, under_way.key)
        del self._under_way[under_way.key]
        self._finish(_Finished(under_way.key, under_way.deliveries, answer))

    async def _answer_to(self, request: NodeTraversalRequested, key: str) -> Message:
        parameters = await reveal_all(request.parameters, self._vault)
        if isinstance(parameters, ErrorDetail):
            return NodeTraversalFailed(request.traversal, request.node, request.attempt, parameters)
        attempt = Attempt(
            address=self._address,
            traversal=request.traversal,
            node=request.node,
            attempt=request.attempt,
            input=request.input,
            parameters=parameters,
            idempotency_key=idempotency_key(request.traversal, request.node),
            attempt_key=key,
        )
        made = await make(self._served, attempt)
        if isinstance(made, ErrorDetail):
            error = without_secrets(made, request.parameters, parameters)
            return NodeTraversalFailed(request.traversal, request.node, request.attempt, error)
        return NodeTraversalSucceeded(request.traversal, request.node, request.attempt, made)

    def _finish(self, finished: _Finished) -> None:
        self._finished.append(finished)
        self._unsent += 1
        self._has_finished.set()

    async def _send_answers(self, subscription: Subscription, tasks: TaskGroup) -> None:
        while True:
            await self._has_finished.wait()
            self._has_finished.clear()
            finished, self._finished = self._finished, []
            now = self._clock.now()
            new = [
                Answer(each.key, encode_message(each.answer), now)
                for each in finished
                if each.answer is not None and not each.is_remembered
            ]
            records = [self._sealed(each.answer, each.key, now) for each in finished if each.answer is not None]
            async with anyio.create_task_group() as writes:  # side by side: they may share a commit
                if new:
                    writes.start_soon(self._ledger.record, new)
                if records:
                    writes.start_soon(self._log.publish, records)
            self._unsent -= len(finished)
            self._has_sent.set()
            done = [delivery for each in finished for delivery in each.deliveries]
            tasks.start_soon(subscription.acknowledge, done)  # nobody waits for it

    def _sealed(self, answer: Message, key: str, now: datetime) -> TransportEnvelope:
        return seal(WAYSTATION, answer, answer_id(key, answer), sender=self._address, sent_at=now)


def idempotency_key(traversal: TraversalId, node: NodeId) -> str:
    """What all attempts at one node of one traversal share: 32 hex digits."""
    return digest_hex(f"{traversal}/{node}".encode())[:32]


def _key(message: NodeTraversalRequested | NodeTraversalCancelRequested) -> str:
    return work_key(message.traversal, message.node, message.attempt)


def _read(value: bytes | None) -> Message | None:
    """A remembered answer; one that this version cannot read is as good as forgotten."""
    outcome = None if value is None else decode_message(value)
    return None if outcome is None or isinstance(outcome, Failure) else outcome.unwrap()
