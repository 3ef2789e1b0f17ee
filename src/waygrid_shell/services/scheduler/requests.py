"""What is asked of the scheduler: read from its topic, and written down once.

Whoever reads a partition may be paused, and another one read on meanwhile; when the first wakes up it still holds what
it had taken. So the book knows how far each partition is written down, and a request that stands before that is passed
over, whoever comes with it. Then no timer is set that has been unset already.

Who asks may have been paused, too, between deciding and asking; then another has asked instead, for what followed as
well, and the first asks once more when it wakes up. So what was asked for is remembered for a while by its id, and is
not done twice.

A topic may be made anew, or lose its end with its brokers: then its offsets begin below what is written down. So before
a whole batch is passed over, the log is asked where the partition ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from attrs import frozen

from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.message.messages import TimerCancelRequested, TimerRequested
from waygrid_core.model.identifiers import TimerId
from waygrid_shell.hosting.post import open_all
from waygrid_shell.ports.event_log import Delivery, EventLog
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.timer_book import Stretch, Timer, TimerBook

_REMEMBERED: Final = 50_000
"""Requests; some megabytes."""

_TRIES: Final = 5
"""Each that fails tells of another who has written meanwhile."""


@frozen
class Request:
    """Have this timer set, or (None) unset. `message` is what it is known by if it is sent twice.

    The sweeper sends again on purpose what may be lost: that is known by nothing, None.
    """

    id: TimerId
    timer: Timer | None
    partition: int
    offset: int | None
    message: str | None


def read_requests(deliveries: Sequence[Delivery]) -> tuple[list[Request], list[TransportEnvelope]]:
    """What is asked for, in order; and what nobody can read, as dead letters."""
    requests: list[Request] = []
    opened, unreadable = open_all(deliveries)
    dead = [dead_letter(delivery.record, reason) for delivery, reason in unreadable]
    for delivery, envelope in opened:
        partition, offset = delivery.partition, delivery.offset
        message = envelope.id if envelope.stamps.delivery == 1 else None
        match envelope.message:
            case TimerRequested(traversal=traversal, timer=name, at=at):
                requests.append(Request(name, Timer(name, traversal, at, partition), partition, offset, message))
            case TimerCancelRequested(timer=name):
                requests.append(Request(name, None, partition, offset, message))
            case _:
                dead.append(dead_letter(delivery.record, "it is not for the scheduler"))
    return requests, dead


class WritingDown:
    """Writes requests of this topic into the book."""

    def __init__(self, topic: str, *, event_log: EventLog, timer_book: TimerBook) -> None:
        self._topic = topic
        self._log = event_log
        self._book = timer_book
        self._written: dict[int, int] = {}
        """Up to which offset each partition is, as far as is known here."""
        self._done: dict[str, None] = {}
        """The last requests that were written down here, the oldest first."""

    async def write(self, deliveries: Sequence[Delivery], requests: Sequence[Request]) -> Sequence[Timer]:
        """Write down what these deliveries ask for; what of it has been set. Raises what ports raise."""
        ends = _ends_of(deliveries)
        await self._learn(ends.keys() - self._written.keys())
        for _ in range(_TRIES - 1):
            try:
                return await self._try(requests, ends)
            except VersionConflict:
                self._done.clear()
                await self._learn(ends.keys())
        return await self._try(requests, ends)

    async def _learn(self, partitions: Iterable[int]) -> None:
        asked = frozenset(partitions)
        if asked:
            self._written.update(await self._book.read_up_to(asked))

    async def _try(self, requests: Sequence[Request], ends: Mapping[int, int]) -> Sequence[Timer]:
        begins = await self._begins(ends)
        new = self._not_done([each for each in requests if _is_new(each, begins)])
        wanted = {each.id: each.timer for each in new}  # the last of each timer counts
        read = {each: Stretch(self._written[each], end) for each, end in ends.items() if begins[each] < end}
        to_set = [timer for timer in wanted.values() if timer is not None]
        to_unset = [name for name, timer in wanted.items() if timer is None]
        if to_set or to_unset or read:
            await self._book.write(to_set=to_set, to_unset=to_unset, read=read)
        self._written.update((each, stretch.end) for each, stretch in read.items())
        self._remember(new)
        return to_set

    def _not_done(self, requests: Sequence[Request]) -> Sequence[Request]:
        """These, each once, without those that were done before."""
        seen: set[str] = set()
        new = []
        for each in requests:
            if each.message is not None:
                if each.message in self._done or each.message in seen:
                    continue
                seen.add(each.message)
            new.append(each)
        return new

    def _remember(self, requests: Sequence[Request]) -> None:
        self._done.update((each.message, None) for each in requests if each.message is not None)
        for message in list(islice(self._done, max(0, len(self._done) - _REMEMBERED))):
            del self._done[message]

    async def _begins(self, ends: Mapping[int, int]) -> Mapping[int, int]:
        """By partition, the offset of the first request that is not written down."""
        begins = {each: self._written[each] for each in ends}
        if any(end <= begins[each] for each, end in ends.items()):
            # Asked after it was learned how far each is: an end can only have grown since.
            there = await self._log.ends(self._topic)
            anew = [each for each in begins if there.get(each, begins[each]) < begins[each]]
            begins.update(dict.fromkeys(anew, 0))
            if anew:
                self._done.clear()
        return begins


def _is_new(request: Request, begins: Mapping[int, int]) -> bool:
    return request.offset is None or request.offset >= begins[request.partition]


def _ends_of(deliveries: Sequence[Delivery]) -> Mapping[int, int]:
    """By partition, the offset after the last of these; partitions of a log without offsets are left out."""
    ends: dict[int, int] = {}
    for delivery in deliveries:
        if delivery.offset is not None:
            ends[delivery.partition] = max(ends.get(delivery.partition, 0), delivery.offset + 1)
    return ends
