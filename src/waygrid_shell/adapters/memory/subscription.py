"""A reader of the event log in memory."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from waygrid_shell.adapters.memory.partition import Partition
from waygrid_shell.ports.event_log import Delivery


class MemorySubscription:
    """See `waygrid_shell.ports.event_log.Subscription`. `acknowledge` is how the log is told."""

    def __init__(self, acknowledge: Callable[[Sequence[Delivery]], None]) -> None:
        self._acknowledge = acknowledge
        self._read: deque[Partition] = deque()
        """Those that it reads, or thinks that it does."""
        self._seen: deque[Delivery] = deque()
        """What a zombie sees of partitions that are not its own any more."""
        self._generation = 0
        self._told = 0
        self._more = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def partitions(self) -> frozenset[int]:
        return frozenset(partition.number for partition in self._read)

    @property
    def generation(self) -> int:
        return self._generation

    async def reassigned(self) -> None:
        while self._told == self._generation:
            self._moved.clear()
            await self._moved.wait()
        self._told = self._generation

    async def take(self, limit: int) -> Sequence[Delivery]:
        while True:
            taken = [self._seen.popleft() for _ in range(min(limit, len(self._seen)))]
            for _ in range(len(self._read)):
                partition = self._read[0]
                self._read.rotate(-1)  # one with much to read does not keep the others waiting
                while partition.owner is self and partition.waiting and len(taken) < limit:
                    taken.append(partition.take())
            if taken:
                return taken
            self._more.clear()
            await self._more.wait()

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self._acknowledge(deliveries)

    # --- what the log tells

    def begin(self) -> None:
        """The partitions that it has by now are those that it begins with."""
        self._told = self._generation

    def gain(self, partition: Partition) -> None:
        """It reads this one from now on."""
        self._read.append(partition)
        self._move()

    def lose(self, partition: Partition) -> None:
        """It does not any more."""
        self._read.remove(partition)
        self._seen = deque(each for each in self._seen if each.partition != partition.number)
        self._move()

    def haunt(self, partition: Partition) -> None:
        """It does not any more, and goes on reading."""
        self._seen += partition.waiting
        self._more.set()

    def notice(self, partition: Partition, delivery: Delivery) -> None:
        """Something has come to a partition that it reads."""
        if partition.owner is not self:
            self._seen.append(delivery)
        self._more.set()

    def _move(self) -> None:
        self._generation += 1
        self._moved.set()
        self._more.set()
