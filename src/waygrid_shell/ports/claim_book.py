"""The book of claims: which traversal a piece of work belongs to, however often it is handed in."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import frozen

from waygrid_core.model.identifiers import TraversalId


@frozen
class Claim:
    """`key` says which work it is; `note` says to people where it came from."""

    key: str
    traversal: TraversalId
    note: str


class ClaimBook(Protocol):
    """Gives one traversal to one key, for good. What `claim` returned from is kept through a crash."""

    async def claim(self, proposals: Sequence[Claim]) -> Sequence[Claim]:
        """For each proposal, in order, the claim that holds for its key: this one if it is the first."""
        ...

    async def notes(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, str]:
        """Where these came from; absent where nobody claimed."""
        ...
