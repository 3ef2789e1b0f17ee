"""Mailboxes as bytes."""

from typing import Any

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.inbox.mailbox import HeardEvent, Mailbox, Waiter
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.persistent_map import PersistentMap


def write_mailbox(mailbox: Mailbox) -> bytes:
    """A mailbox as it is kept."""
    return write_json(
        {
            "arrivals": mailbox.arrivals,
            "waiting": [[*_row(waiter), place] for waiter, place in mailbox.waiting.items()],
            "answered": [[*_row(waiter), event] for waiter, event in mailbox.answered.items()],
            "withdrawn": [_row(waiter) for waiter in mailbox.withdrawn],
            "events": {event: [heard.position, heard.takers, heard.data] for event, heard in mailbox.events.items()},
            "kept": mailbox.kept,
        }
    )


def read_mailbox(content: bytes) -> Mailbox:
    """The mailbox that `write_mailbox` wrote."""
    document: Any = read_json(content)
    return Mailbox(
        arrivals=document["arrivals"],
        waiting=PersistentMap({_waiter(row): row[3] for row in document["waiting"]}),
        answered=PersistentMap({_waiter(row): row[3] for row in document["answered"]}),
        withdrawn=PersistentMap({_waiter(row): True for row in document["withdrawn"]}),
        events=PersistentMap(
            {
                event: HeardEvent(position, data, takers)
                for event, (position, takers, data) in document["events"].items()
            }
        ),
        kept=tuple(document["kept"]),
    )


def _row(waiter: Waiter) -> list[str | int]:
    return [waiter.traversal, waiter.node, waiter.attempt]


def _waiter(row: list[str | int]) -> Waiter:
    traversal, node, attempt = row[:3]
    return Waiter(TraversalId(str(traversal)), NodeId(str(node)), int(attempt))
