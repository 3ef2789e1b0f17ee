"""What a message is called, and what keeps messages in order that belong together."""

from waygrid_core.message.messages import (
    EventReceived,
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalRequested,
)
from waygrid_core.model.address import INBOX, ServiceAddress
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import short_digest
from waygrid_core.model.identifiers import NodeId, TraversalId


def message_id(traversal: TraversalId, version: int, index: int) -> str:
    """The id of the message number `index` (from 0) among those that made `traversal` reach `version`.

    What was decided once and is sent again has the id that it had: 32 hex digits.
    """
    return short_digest(f"{traversal}/{version}/{index}".encode())


def request_id(traversal: TraversalId) -> str:
    """The id of the message by which a user asks for `traversal`: asked for again, it is the same message."""
    return short_digest(f"{traversal}/requested".encode())


def told_id(traversal: TraversalId, told: str) -> str:
    """The id of the message by which a user tells `traversal` something: told again, it is the same message."""
    return short_digest(f"{traversal}/told/{told}".encode())


def work_key(traversal: TraversalId, node: NodeId, attempt: int) -> str:
    """What all requests for one attempt share, whatever their message ids: the idempotency key that the world sees."""
    return short_digest(f"{traversal}/{node}/{attempt}".encode())


def ledger_id(message: Message, work: str) -> str:
    """The id that the answer to `work` is remembered by; `message` is that answer, or the request for it.

    It begins with the traversal: so a store finds together what is written together, however much it holds.
    """
    return f"{subject_of(message)}/{work}"


def work_of(ledger: str) -> str:
    """The work key in an id that an answer is remembered by."""
    return ledger.rpartition("/")[2]


def answer_id(request: str, answer: Message) -> str:
    """The id of an answer to the message `request`: answered again in the same way, it is the same message."""
    return short_digest(f"{request}/{type(answer).__name__}".encode())


def subject_of(message: Message) -> TraversalId | None:
    """The traversal that a message is about; None for an event from outside, which knows none."""
    return None if isinstance(message, EventReceived) else message.traversal


def ordering_key(receiver: ServiceAddress, message: Message) -> str:
    """Messages to one receiver with one key are received in the order in which they were sent.

    It is the traversal; at the inbox it is what an event and its awaits have in common, their name and key, so that
    they meet in one place.
    """
    if isinstance(message, EventReceived):
        return _mailbox_key(message.event, message.key)
    if receiver == INBOX and isinstance(message, NodeTraversalRequested | NodeTraversalCancelRequested):
        return _mailbox_key(message.parameters.get("event"), message.parameters.get("key"))
    return message.traversal


def _mailbox_key(event: object, key: object) -> str:
    assert isinstance(event, str), "an await and an event have a name"
    assert isinstance(key, str), "an await and an event have a key"
    return canonical_json([event, key]).decode()
