"""What the inbox remembers of one event name and key. Immutable; only `hearing` makes the next one."""

from collections.abc import Mapping
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.template.template import Parameter


@frozen
class Waiter:
    """One attempt of one await."""

    traversal: TraversalId
    node: NodeId
    attempt: int


@frozen
class AwaitComes:
    """An await has been dispatched, or is sent again."""

    waiter: Waiter


@frozen
class AwaitCanceled:
    """Nobody waits for this answer any more, and the traversal has not seen one."""

    waiter: Waiter


@frozen
class EventComes:
    """Something happened outside. `id` tells one event from another, whatever their data."""

    id: str
    data: JsonValue


@frozen
class TraversalEnds:
    """The traversal has ended whose id is the key of the mailbox."""


InboxSignal: TypeAlias = AwaitComes | AwaitCanceled | EventComes | TraversalEnds


@frozen
class Answer:
    """What `waiter` is to be told: the event happened, with this data. Sent again, it is the same answer."""

    waiter: Waiter
    event: str
    data: JsonValue


@frozen
class MailboxName:
    """Which mailbox an event goes to, and an await waits at."""

    event: str
    key: str


@frozen
class HeardEvent:
    """An event, its place in the order of arrival, and how many awaits have it (of those not canceled)."""

    position: int
    data: JsonValue
    takers: int = 0


@frozen
class Mailbox:
    """One mailbox.

    `waiting` has the awaits without an answer, by their place in the order of arrival; `answered` the event that each
    of the others was given; `withdrawn` those that were canceled, so that one sent again does not wait again. `kept`
    are the events that nobody has, in order of arrival.
    """

    arrivals: int = 0
    waiting: PersistentMap[Waiter, int] = Factory(PersistentMap)
    answered: PersistentMap[Waiter, str] = Factory(PersistentMap)
    withdrawn: PersistentMap[Waiter, bool] = Factory(PersistentMap)
    events: PersistentMap[str, HeardEvent] = Factory(PersistentMap)
    kept: tuple[str, ...] = ()


EMPTY_MAILBOX = Mailbox()


def mailbox_of(parameters: Mapping[str, Parameter], root: TraversalId) -> MailboxName:
    """Where the dispatch of an await with these parameters waits.

    Without a key of its own, an await waits for its user's traversal: `root` is the one that the user started, however
    deep in bodies the await stands.
    """
    event, key = parameters["event"], parameters.get("key", root)
    assert isinstance(event, str), "an await is dispatched with the name of its event"
    assert isinstance(key, str), "an await is dispatched with a text as its key"
    return MailboxName(event, key)
