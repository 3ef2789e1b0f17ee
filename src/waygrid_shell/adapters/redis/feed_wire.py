"""What is told live, as bytes: who tells it, then a JSON array of what is told, each an array with its kind first.

Processes of two versions may hear each other for a while: what cannot be read is passed over, as the port permits.
"""

from collections.abc import Sequence
from typing import Any, Final, assert_never

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.ports.live_feed import Progress, Sighting, Told

TELLER_BYTES: Final = 16
"""The length of the name of who tells."""

_SIGHTING: Final = "s1"
_PROGRESS: Final = "p1"


def write_told(teller: bytes, told: Sequence[Told]) -> bytes:
    """The message."""
    return teller + write_json([_row(each) for each in told])


def teller_of(message: bytes) -> bytes:
    """Who tells it."""
    return message[:TELLER_BYTES]


def read_told(message: bytes) -> Sequence[Told]:
    """What is told, as far as it can be read."""
    try:
        rows: Any = read_json(message[TELLER_BYTES:])
        return [told for row in rows if (told := _told(row)) is not None]
    except (ValueError, TypeError, LookupError):
        return []


def _row(told: Told) -> JsonValue:
    match told:
        case Sighting(traversal=traversal, root=root, status=status, version=version, nodes=nodes, base=base):
            return [_SIGHTING, traversal, root, status, version, [[node, what] for node, what in nodes], base]
        case Progress(traversal=traversal, root=root, node=node, attempt=attempt, data=data):
            return [_PROGRESS, traversal, root, node, attempt, data]
        case _:
            assert_never(told)


def _told(row: Any) -> Told | None:
    match row[0]:
        case "s1":  # as `_SIGHTING`
            _, traversal, root, status, version, nodes, base = row
            return Sighting(
                traversal=TraversalId(traversal),
                root=TraversalId(root),
                status=status,
                version=version,
                nodes=tuple((NodeId(node), what) for node, what in nodes),
                base=base,
            )
        case "p1":  # as `_PROGRESS`
            _, traversal, root, node, attempt, data = row
            return Progress(
                traversal=TraversalId(traversal), root=TraversalId(root), node=NodeId(node), attempt=attempt, data=data
            )
        case _:
            return None
