"""Messages that are under way, and the order in which they arrive."""

from collections import deque
from random import Random
from typing import Final, TypeAlias

from attrs import frozen

from waygrid_core.children.series_effects import StartRun
from waygrid_core.children.series_signals import RunEnd
from waygrid_core.inbox.mailbox import Answer
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.simulation.scenario import Delivery, Shuffled, Twice
from waygrid_core.traversal.effects import DispatchNode, StartFollowUp
from waygrid_core.traversal.signals import NodeFailure, NodeSuccess


@frozen
class Dispatched:
    """A dispatch on its way to whom it is for."""

    traversal: TraversalId
    effect: DispatchNode


@frozen
class AttemptCanceled:
    """A `CancelNode` on its way."""

    traversal: TraversalId
    node: NodeId
    attempt: int


@frozen
class RunRequested:
    """A run on its way to its begin."""

    series: TraversalId
    effect: StartRun


@frozen
class RunCanceled:
    """A cancel on its way to a run."""

    child: TraversalId


@frozen
class FollowUpRequested:
    """An onEnd on its way to its begin."""

    traversal: TraversalId
    effect: StartFollowUp


@frozen
class Answered:
    """An answer on its way to a node: a child's, or a worker's that took its time."""

    signal: NodeSuccess | NodeFailure


@frozen
class RunAnswered:
    """A run's end on its way to its series."""

    signal: RunEnd


@frozen
class EventAnswered:
    """An event on its way to an await."""

    answer: Answer


Message: TypeAlias = (
    Dispatched
    | AttemptCanceled
    | RunRequested
    | RunCanceled
    | FollowUpRequested
    | Answered
    | RunAnswered
    | EventAnswered
)

_ONCE: Final = 1
_TWICE: Final = 2


class Post:
    """Messages that are under way, and the order and number in which they arrive."""

    __slots__ = ("_copies", "_draw", "_queue")

    def __init__(self, delivery: Delivery) -> None:
        self._queue: deque[Message] = deque()
        self._copies = _TWICE if isinstance(delivery, Twice) else _ONCE
        self._draw = Random(delivery.seed) if isinstance(delivery, Shuffled) else None

    def send(self, message: Message) -> None:
        """Put a message on its way."""
        self._queue.append(message)

    def take(self) -> Message | None:
        """The message that arrives next; None if none is under way."""
        if not self._queue:
            return None
        if self._draw is not None:
            self._queue.rotate(-self._draw.randrange(len(self._queue)))
        return self._queue.popleft()

    @property
    def copies(self) -> int:
        """How often each message arrives, one right after the other."""
        return self._copies
