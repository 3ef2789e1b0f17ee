"""The event log of a worker elsewhere: its own requests, and the answers to them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import NodeTraversalFailed, NodeTraversalSucceeded
from waygrid_core.outcome import Failure
from waygrid_shell.adapters.remote.link import Link, Topic
from waygrid_shell.hosting.post import unseal
from waygrid_shell.ports.event_log import DeadLetter, Delivery
from waygrid_shell.ports.failure import Unavailable


class RemoteEventLog:
    """See `waygrid_shell.ports.event_log.EventLog`, as far as a worker needs it.

    It carries requests of the addresses that the link serves, and answers to those that it was given. What `publish`
    returned from is kept, or its request comes again and meets the answer in `RemoteSeenLedger`.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    async def publish(self, records: Sequence[TransportEnvelope]) -> None:
        answers = []
        for record in records:
            outcome = unseal(record)
            message = None if isinstance(outcome, Failure) else outcome.unwrap()
            if not isinstance(message, NodeTraversalSucceeded | NodeTraversalFailed):
                raise _not_for_workers(f"a record for {record.topic}")
            answers.append(message)
        await self._link.answer(answers)

    @asynccontextmanager
    async def subscribe(self, topics: Sequence[str]) -> AsyncIterator["RemoteSubscription"]:
        (name,) = topics
        topic = self._link.topic(name)
        if topic is None:
            raise _not_for_workers(f"the topic {name}")
        yield RemoteSubscription(self._link, topic)

    async def prepare(self, topics: Sequence[str]) -> None:
        del topics  # the server has those of what it is asked to serve

    async def oldest(self, topics: Sequence[str]) -> Mapping[str, datetime]:
        raise _not_for_workers("the backlog")

    async def backlog(self) -> Mapping[str, int]:
        raise _not_for_workers("the backlog")

    async def ends(self, topic: str) -> Mapping[int, int]:
        raise _not_for_workers(f"the topic {topic}")

    async def dead_letters(self, *, after: int = 0, limit: int = 100) -> Sequence[DeadLetter]:
        raise _not_for_workers("dead letters")

    async def redrive(self, positions: Sequence[int]) -> int:
        raise _not_for_workers("dead letters")

    async def discard(self, positions: Sequence[int]) -> int:
        raise _not_for_workers("dead letters")


class RemoteSubscription:
    """See `waygrid_shell.ports.event_log.Subscription`. Lost connections are not noticed here."""

    def __init__(self, link: Link, topic: Topic) -> None:
        self._link = link
        self._topic = topic

    @property
    def partitions(self) -> frozenset[int]:
        return frozenset({0})

    @property
    def generation(self) -> int:
        return 0

    async def reassigned(self) -> None:
        await asyncio.Event().wait()

    async def take(self, limit: int) -> Sequence[Delivery]:
        while True:
            taken: list[Delivery] = []
            while self._topic.deliveries and len(taken) < limit:
                delivery = self._topic.deliveries.popleft()
                if self._link.is_settled(delivery):
                    self._link.done_with([delivery])
                else:
                    taken.append(delivery)
            if taken:
                return taken
            self._topic.has_some.clear()
            await self._topic.has_some.wait()

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._link.done_with(deliveries)


def _not_for_workers(what: str) -> Unavailable:
    return Unavailable("event log", f"{what} is not for workers elsewhere")
