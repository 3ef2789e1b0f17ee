"""One partition of a topic in memory: what is not acknowledged, in order, and who reads it."""

from collections import OrderedDict, deque
from typing import Protocol

from attrs import define, evolve, field

from waygrid_shell.ports.event_log import Delivery


class Reader(Protocol):
    """Who is told of partitions."""

    def gain(self, partition: "Partition") -> None:
        """It is read by this one from now on."""

    def lose(self, partition: "Partition") -> None:
        """It is not any more."""

    def notice(self, partition: "Partition", delivery: Delivery) -> None:
        """Something has come to it."""


@define(eq=False)
class Partition:
    """See the module. `is_in_order`: what is acknowledged comes again if what was before it is not."""

    number: int
    is_in_order: bool = field(kw_only=True)
    owner: Reader | None = None
    shadows: dict[Reader, None] = field(factory=dict)
    """Zombies: they see what comes, and nothing that they acknowledge counts."""
    waiting: deque[Delivery] = field(factory=deque)
    _taken: OrderedDict[int, Delivery] = field(factory=OrderedDict)
    _done: set[int] = field(factory=set)
    """Positions of what is taken, acknowledged, and behind something that is not."""

    @property
    def first(self) -> Delivery | None:
        """The oldest that is not acknowledged."""
        if self._taken:
            return next(iter(self._taken.values()))
        return self.waiting[0] if self.waiting else None

    @property
    def count(self) -> int:
        """How many are not acknowledged."""
        return len(self.waiting) + len(self._taken)

    def append(self, delivery: Delivery) -> None:
        """At its end."""
        self.waiting.append(delivery)
        for reader in (self.owner, *self.shadows):
            if reader is not None:
                reader.notice(self, delivery)

    def has_given(self, delivery: Delivery) -> bool:
        """Whether the owner was given it, and has not acknowledged it."""
        return self._taken.get(delivery.position) is delivery

    def take(self) -> Delivery:
        """The next one, for the owner; there must be one."""
        delivery = self.waiting.popleft()
        self._taken[delivery.position] = delivery
        return delivery

    def acknowledge(self, delivery: Delivery) -> list[Delivery]:
        """What nobody will be given any more: nothing, if it was taken before the partition moved."""
        if not self.has_given(delivery):
            return []
        if not self.is_in_order:
            del self._taken[delivery.position]
            return [delivery]
        self._done.add(delivery.position)
        finished = []
        while self._taken and next(iter(self._taken)) in self._done:
            position, each = self._taken.popitem(last=False)
            self._done.discard(position)
            finished.append(each)
        return finished

    def give_to(self, reader: Reader | None) -> None:
        """Have another reader; what is not acknowledged comes again, in its place."""
        if reader is self.owner:
            return
        if self.owner is not None:
            self.owner.lose(self)
            self.take_silently()
        self.owner = reader
        if reader is not None:
            reader.gain(self)

    def take_silently(self) -> None:
        """Take it from its owner, who is not told."""
        self.owner = None
        again = [*self._taken.values(), *self.waiting]
        self._taken.clear()
        self._done.clear()
        self.waiting = deque(evolve(each, may_be_repeated=True) for each in again)
