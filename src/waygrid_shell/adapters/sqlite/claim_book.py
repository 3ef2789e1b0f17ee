"""The claim book in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.adapters.sqlite.many_rows import insert_rows
from waygrid_shell.adapters.sqlite.selection import select_by
from waygrid_shell.ports.claim_book import Claim


class SqliteClaimBook:
    """See `waygrid_shell.ports.claim_book.ClaimBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, proposals: Sequence[Claim]) -> Sequence[Claim]:
        rows = [(claim.key, claim.traversal, claim.note) for claim in proposals]

        def job(connection: sqlite3.Connection) -> dict[str, Claim]:
            insert_rows(connection, "INSERT OR IGNORE INTO claim (key, traversal, note)", rows)
            query = "SELECT key, traversal, note FROM claim WHERE key IN ({})"
            found = select_by(connection, query, [key for key, _, _ in rows])
            return {key: Claim(key, TraversalId(traversal), note) for key, traversal, note in found}

        held = await self._database.run(job)
        return [held[claim.key] for claim in proposals]

    async def notes(self, traversals: Sequence[TraversalId]) -> Mapping[TraversalId, str]:
        query = "SELECT traversal, note FROM claim WHERE traversal IN ({})"
        rows = await self._database.read(lambda connection: select_by(connection, query, traversals))
        return {TraversalId(traversal): note for traversal, note in rows}
