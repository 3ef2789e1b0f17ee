"""Real ports that fail at a chosen call, before or after doing it: what a process sees that dies just there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeAlias

from attrs import define, evolve

from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.runtime.wiring import Ports

Moment: TypeAlias = Literal["before", "after"]

WRITES = frozenset({"publish", "commit", "record", "write", "save", "acknowledge", "claim", "put"})


@define
class Tripwire:
    """Counts the writes of all ports, and fails from the one of number `at` on (0: never)."""

    at: int
    moment: Moment
    calls: int = 0

    @property
    def has_tripped(self) -> bool:
        """Whether the call of that number has come."""
        return 0 < self.at <= self.calls

    def around(self, ports: Ports) -> Ports:
        """The same ports with the wire in front of them."""
        return evolve(
            ports,
            event_log=_Wired(ports.event_log, self),
            journal=_Wired(ports.journal, self),
            timer_book=_Wired(ports.timer_book, self),
            event_book=_Wired(ports.event_book, self),
            seen_ledger=_Wired(ports.seen_ledger, self),
            claim_book=_Wired(ports.claim_book, self),
        )

    async def pull(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do the call, or fail."""
        already = self.has_tripped
        self.calls += 1
        if already or (self.has_tripped and self.moment == "before"):
            raise Unavailable("tripwire", "the process dies here")
        result = await call(*arguments, **named)
        if self.has_tripped:
            raise Unavailable("tripwire", "the process dies here")
        return result


class _Wired:
    """Anything with methods; those that write go over the wire."""

    def __init__(self, wired: Any, wire: Tripwire) -> None:
        self._wired = wired
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._wired, name)
        if name in WRITES:
            return lambda *arguments, **named: self._wire.pull(method, *arguments, **named)
        return method

    @asynccontextmanager
    async def subscribe(self, topics: Any) -> AsyncIterator[Any]:
        async with self._wired.subscribe(topics) as subscription:
            yield _Wired(subscription, self._wire)
