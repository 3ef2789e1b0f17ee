"""A disk that takes its time: ports whose writes wait for it, one after the other."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import anyio
from attrs import define, evolve, field

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.runtime.wiring import Ports


@define
class SlowDisk:
    """Each write takes so long, and only one is made at a time."""

    seconds: float
    most_requested: int = 0
    """The most traversals that were asked for in one write."""
    _turn: anyio.Lock = field(factory=anyio.Lock)

    async def write(self) -> None:
        """One write."""
        async with self._turn:
            await anyio.sleep(self.seconds)

    def note(self, records: Sequence[TransportEnvelope]) -> None:
        """Look at what is published at once."""
        requested = [each for each in records if each.headers["ce_type"].startswith("io.waygrid.TraversalRequested.")]
        self.most_requested = max(self.most_requested, len(requested))


class Slowed:
    """A port some of whose operations write to the disk first; the rest is as it was."""

    def __init__(self, port: object, disk: SlowDisk, *writes: str) -> None:
        self._port = port
        self._disk = disk
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        operation: Callable[..., Any] = getattr(self._port, name)
        if name not in self._writes:
            return operation

        async def slowly(*arguments: Any, **named: Any) -> Any:
            if name == "publish":
                self._disk.note(arguments[0])
            await self._disk.write()
            return await operation(*arguments, **named)

        return slowly


def slowed(ports: Ports, disk: SlowDisk) -> Ports:
    """The same ports on a slow disk. Without an outbox: services write step by step, which is slower still."""
    return evolve(
        ports,
        event_log=cast(Any, Slowed(ports.event_log, disk, "publish")),
        journal=cast(Any, Slowed(ports.journal, disk, "commit")),
        claim_book=cast(Any, Slowed(ports.claim_book, disk, "claim")),
        seen_ledger=cast(Any, Slowed(ports.seen_ledger, disk, "record")),
        outbox=None,
    )
