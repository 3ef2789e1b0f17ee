"""The store of principals in PostgreSQL."""

from collections.abc import Sequence
from typing import Final

from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import given_text, stored_text
from waygrid_shell.ports.principal_store import Principal

_PRINCIPAL: Final = "name, digest, scopes, made_at, expires_at"
_ADD: Final = f"""
INSERT INTO principal ({_PRINCIPAL}) VALUES (%b::text, %b::text, %b::text[], %b::int8, %b::int8) ON CONFLICT DO NOTHING
"""


class PostgresPrincipalStore:
    """See `waygrid_shell.ports.principal_store.PrincipalStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def add(self, principal: Principal) -> bool:
        expires_at = None if principal.expires_at is None else to_microseconds(principal.expires_at)
        values = (
            stored_text(principal.name),
            stored_text(principal.digest),
            texts(sorted(principal.scopes)),
            to_microseconds(principal.made_at),
            expires_at,
        )
        return await self._database.change(_ADD, values) == 1

    async def find(self, digest: str) -> Principal | None:
        query = f"SELECT {_PRINCIPAL} FROM principal WHERE digest = ANY(%b) ORDER BY name LIMIT 1"
        rows = await self._database.read(query, (texts([digest]),))
        return _principal(rows[0]) if rows else None

    async def every(self) -> Sequence[Principal]:
        rows = await self._database.read(f"SELECT {_PRINCIPAL} FROM principal ORDER BY name")
        return [_principal(row) for row in rows]

    async def remove(self, name: str) -> bool:
        return await self._database.change("DELETE FROM principal WHERE name = ANY(%b)", (texts([name]),)) == 1


def _principal(row: Row) -> Principal:
    name, digest, scopes, made_at, expires_at = row
    return Principal(
        name=given_text(name),
        digest=given_text(digest),
        scopes=frozenset(scopes),
        made_at=from_microseconds(made_at),
        expires_at=None if expires_at is None else from_microseconds(expires_at),
    )
