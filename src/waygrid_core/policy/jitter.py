"""Chance that a replay draws again: numbers from the digest of what they are drawn for."""

from typing import Final

from waygrid_core.model.digest import digest_bytes
from waygrid_core.model.identifiers import NodeId, TraversalId

_DRAWN_BYTES: Final = 16
_DRAWN_BITS: Final = 8 * _DRAWN_BYTES


def draw(traversal: TraversalId, node: NodeId, number: int, least: int, most: int) -> int:
    """A whole number from `least` to `most`, both included, each as likely; `least` if there is none between.

    The same traversal, node and number always draw the same point of the range.
    """
    drawn = int.from_bytes(digest_bytes(f"{traversal}/{node}/{number}".encode())[:_DRAWN_BYTES], "big")
    return least + (drawn * max(most - least + 1, 1) >> _DRAWN_BITS)
