"""The claim book in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Final

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase
from waygrid_shell.adapters.postgres.stored_text import given_text, indexed_text
from waygrid_shell.ports.claim_book import Claim

_CLAIM: Final = """
WITH new AS (
  INSERT INTO claim (key, traversal, note) SELECT * FROM unnest(%b::text[], %b::text[], %b::text[])
  ON CONFLICT DO NOTHING RETURNING key, traversal, note
)
SELECT key, traversal, note FROM new UNION ALL SELECT key, traversal, note FROM claim WHERE key = ANY(%b)
"""
_HELD: Final = "SELECT key, traversal, note FROM claim WHERE key = ANY(%b)"


class PostgresClaimBook:
    """See `waygrid_shell.ports.claim_book.ClaimBook`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def claim(self, proposals: Sequence[Claim]) -> Sequence[Claim]:
        if not proposals:
            return []
        first: dict[str, Claim] = {}
        for proposal in proposals:
            first.setdefault(indexed_text(proposal.key), proposal)
        keys = sorted(first)  # two that claim the same keys wait for each other in the same order
        traversals, notes = [first[key].traversal for key in keys], [first[key].note for key in keys]
        while True:
            rows = await self._database.write(_CLAIM, (texts(keys), texts(traversals), texts(notes), texts(keys)))
            held = {given_text(key): (given_text(traversal), given_text(note)) for key, traversal, note in rows}
            lacking = [key for key in keys if key not in held]
            if lacking:  # somebody else's became visible only while the statement ran
                rows = await self._database.read(_HELD, (texts(lacking),))
                held |= {given_text(key): (given_text(traversal), given_text(note)) for key, traversal, note in rows}
            if all(key in held for key in keys):  # else they were forgotten in between
                break
        return [_claim(proposal, held[indexed_text(proposal.key)]) for proposal in proposals]

    async def notes(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, str]:
        query = "SELECT traversal, note FROM claim WHERE traversal = ANY(%b)"
        rows = await self._database.read(query, (texts(traversals),))
        return {TraversalId(given_text(traversal)): given_text(note) for traversal, note in rows}


def _claim(proposal: Claim, held: tuple[str, str]) -> Claim:
    traversal, note = held
    return Claim(proposal.key, TraversalId(traversal), note)
