"""What is handed in, on its way to be written: traversals and events, each with what makes its record."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from attrs import Factory, frozen

from waygrid_core.children.derive import plan_for
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.envelope.stamps import Trace
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.identity import request_id
from waygrid_core.message.messages import EventReceived, TraversalRequested
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex, short_digest
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.model.ulid import ulid_in_order
from waygrid_core.traversal.signals import Known
from waygrid_shell.hosting.post import seal

HTTP_ORIGIN: Final = ServiceAddress("origin", "http")

_ID_DIGITS: Final = 32

Entropy: TypeAlias = Callable[[int], bytes]
"""So many bytes that nobody guesses and nobody else has."""


@frozen(kw_only=True)
class Wanted:
    """A traversal that somebody wants. `idempotency_key` None: another one each time it is asked for.

    What else a request says that is not among the fields, `request` is a digest of: of a batch as a whole, or of which
    nodes a retry takes over. Under one key it must be the same, and so must all fields but `known`; or, where `said`
    stands for all of it, that alone.
    """

    compiled: CompiledDag
    payload: JsonValue
    entry: int = 0
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)
    known: Known = Factory(dict)
    idempotency_key: str | None = None
    trace: Trace | None = None
    request: str = ""
    said: str | None = None
    origin: ServiceAddress = HTTP_ORIGIN


@frozen(kw_only=True)
class WantedEvent:
    """An event for whoever waits for it, now or later. `idempotency_key` is as that of `Wanted`.

    Where whoever brings it has an `id` for it, of this event and no other, that is enough: the inbox hears an event of
    one id, name and key once. Then nothing is claimed, and nobody is told of an id that comes with other data.
    """

    event: str
    key: str
    data: JsonValue
    idempotency_key: str | None = None
    id: str | None = None
    origin: ServiceAddress = HTTP_ORIGIN


@frozen(kw_only=True)
class Item:
    """A traversal or an event.

    `id` is the one that it has unless its key was claimed before; `seal` makes the record of it, under the id that it
    has in the end. `note` is what its claim says: equal notes are equal requests.
    """

    id: str
    key: str | None
    note: str
    is_traversal: bool
    origin: str
    """The service that brought it: a label of metrics."""
    seal: Callable[[str], TransportEnvelope]


def traversal_item(wanted: Wanted, now: datetime, number: int, entropy: Entropy) -> Item:
    """A traversal; those of one millisecond sort by `number`."""
    key, service = wanted.idempotency_key, wanted.origin.service

    def sealed(traversal: str) -> TransportEnvelope:
        message = TraversalRequested(
            traversal=TraversalId(traversal),
            plan=plan_for(wanted.compiled.dag),
            payload=wanted.payload,
            root=TraversalId(traversal),
            entry=wanted.entry,
            known=wanted.known,
            name=wanted.name,
            labels=wanted.labels,
        )
        message_id = request_id(TraversalId(traversal))
        return seal(WAYSTATION, message, message_id, sender=wanted.origin, sent_at=now, trace=wanted.trace)

    return Item(
        id=ulid_in_order(int(now.timestamp() * 1000), number, entropy(6)),
        key=None if key is None else digest_hex(canonical_json([service, key])),
        note=service if key is None else f"{service} {wanted.said or _digest_of(wanted)}",
        is_traversal=True,
        origin=service,
        seal=sealed,
    )


def event_item(wanted: WantedEvent, now: datetime, entropy: Entropy) -> Item:
    """An event. Its key, if it has one, is claimed with what it says; the id that it gets is no traversal's."""
    if wanted.idempotency_key is None:
        event_id, claim_key, note = wanted.id or entropy(_ID_DIGITS // 2).hex(), None, "event"
    else:
        claim_key = digest_hex(canonical_json(["event", wanted.idempotency_key]))
        event_id = claim_key[:_ID_DIGITS]
        note = f"event {short_digest(canonical_json([wanted.event, wanted.key, wanted.data]))}"

    def sealed(final: str) -> TransportEnvelope:
        message = EventReceived(final, wanted.event, wanted.key, wanted.data)
        return seal(INBOX, message, final, sender=wanted.origin, sent_at=now)

    return Item(id=event_id, key=claim_key, note=note, is_traversal=False, origin=wanted.origin.service, seal=sealed)


def _digest_of(wanted: Wanted) -> str:
    """What tells one request from another under the same key. What is known is no part of it: it may grow meanwhile."""
    said: JsonValue = [
        wanted.compiled.dag.hash,
        wanted.entry,
        wanted.name,
        dict(wanted.labels),
        wanted.payload,
        wanted.request,
    ]
    return short_digest(canonical_json(said))
