"""The claim book in memory."""

from collections.abc import Mapping, Sequence

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.claim_book import Claim


class MemoryClaimBook:
    """See `waygrid_shell.ports.claim_book.ClaimBook`."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._notes: dict[TraversalId, str] = {}

    async def claim(self, proposals: Sequence[Claim]) -> Sequence[Claim]:
        held = [self._claims.setdefault(proposal.key, proposal) for proposal in proposals]
        self._notes.update({claim.traversal: claim.note for claim in held})
        return held

    async def notes(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, str]:
        return {each: self._notes[each] for each in traversals if each in self._notes}
