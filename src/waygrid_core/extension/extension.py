"""The six kinds of extensions. Subclasses are `@frozen` attrs classes; their fields are what a document says."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from waygrid_core.extension.answers import Heard, Stop
from waygrid_core.extension.field_values import fields_preimage
from waygrid_core.extension.look import Action, Look
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.model.address import INBOX, ServiceAddress
from waygrid_core.model.json_value import JsonValue


class Extension:
    """What all kinds have. An instance is a value: equal fields, equal behaviour, for ever or until `version` rises."""

    __slots__ = ()

    name: ClassVar[str]
    """The `type` that documents have for it: letters, digits, dots and hyphens, the first a letter."""
    version: ClassVar[int] = 1
    """To be raised when what the class does changes. It is part of every hash; what was compiled before has its own."""

    def preimage(self) -> JsonValue:
        """What of it enters the hash of a DAG; by default every field by name, with durations in microseconds."""
        return fields_preimage(self)


class ConditionRule(Extension, ABC):
    """A condition on a node's output."""

    __slots__ = ()

    @abstractmethod
    def holds(self, output: JsonValue) -> bool:
        """Whether it holds of `output`. One that raises does not hold."""


class JoinRule(Extension, ABC):
    """A join strategy, of forks and eaches."""

    __slots__ = ()

    is_symmetric: ClassVar[bool] = False
    """Whether only counts matter to it, never which branch it was; `verify` then looks at fewer orders."""

    @abstractmethod
    def judge(self, tally: Tally) -> Verdict:
        """What is so far known to be so. Asked at the fork, and after every branch that ends.

        A verdict but "open" is for good. If nobody is left and it is still "open", the join fails.
        """

    def fits(self, branches: Sequence[str]) -> str | None:
        """A sentence that says what is wrong, if it does not suit a fork with these branches, in name order.

        Not asked for an each, whose members have no names.
        """
        return None


class RetryRule(Extension, ABC):
    """A retry policy."""

    __slots__ = ()

    @abstractmethod
    def delay(self, attempt: int, code: str, draw: float) -> timedelta | None:
        """How long after attempt `attempt` (from 1) failed with `code` the next one is made; None: no more.

        `draw` is a number in [0, 1), the same whenever the same is asked. There are at most 100 retries, and a delay
        is at most 365 days.
        """


class NodeKind(Extension, ABC):
    """A task of its own kind: it says who is asked, with what, and what the answers mean."""

    __slots__ = ()

    most_rounds: ClassVar[int] = 1_000
    """How often it may ask; then the node fails with code `exhausted`."""

    @property
    def address(self) -> ServiceAddress:
        """Who is asked; by default the inbox, where an event answers."""
        return INBOX

    @property
    def signal(self) -> str | None:
        """The name of the event that it waits for, if the inbox is asked. Its key is the traversal's."""
        return None

    def parameters(self, memory: JsonValue, input: JsonValue) -> Mapping[str, JsonValue]:  # noqa: A002 - as in a Spec
        """What this round's dispatch is given besides."""
        return {}

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002 - as in a Spec
        """What it remembers before the first answer."""
        return None

    @abstractmethod
    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        """What an answer means: the node is done, the attempt failed, or one more is asked."""


class SignalKind(Extension, ABC):
    """What a user may say to a traversal, and what it does."""

    __slots__ = ()

    @abstractmethod
    def handle(self, look: Look, data: JsonValue) -> Sequence[Action]:
        """What is done about `data`, in order; what is no longer possible is passed over."""


class Guard(Extension, ABC):
    """Watches every transition of a traversal, and may end it."""

    __slots__ = ()

    def start(self) -> JsonValue:
        """What it remembers before the first transition."""
        return None

    @abstractmethod
    def watch(self, memory: JsonValue, events: Sequence[object], now: datetime) -> JsonValue | Stop:
        """What it remembers after a transition, or a stop. `events` are those of `waygrid_core.traversal.events`."""
