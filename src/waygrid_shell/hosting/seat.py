"""A worker at a desk, and the jobs that it has."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from attrs import define, field

from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import NodeTraversalFailed, NodeTraversalRequested, NodeTraversalSucceeded
from waygrid_shell.ports.event_log import Delivery

Answered: TypeAlias = NodeTraversalSucceeded | NodeTraversalFailed


@define(eq=False)
class Job:
    """An attempt that waits for a worker or is with one, and the records that asked for it (and canceled it)."""

    key: str
    request: NodeTraversalRequested
    record: TransportEnvelope
    trace: Trace | None
    deliveries: list[Delivery]
    seat: "Seat | None" = None
    given_at: datetime | None = None
    is_canceled: bool = False


@define(eq=False)
class Seat:
    """A worker at a desk: how many attempts it takes at once, and how it is told of them. Telling never waits."""

    window: int
    give: Callable[[Sequence[Job]], None]
    cancel: Callable[[Job], None]
    fail: Callable[[BaseException], None]
    """The desk cannot go on."""
    jobs: dict[str, Job] = field(factory=dict)

    @property
    def room(self) -> int:
        """How many attempts it would still take."""
        return self.window - len(self.jobs)
