"""The store of principals in PostgreSQL.

Who removes one that matters for others holds the table meanwhile: of two admins that are removed at once one stays.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase, Row
from waygrid_shell.adapters.postgres.stored_text import given_text, stored_text
from waygrid_shell.ports.principal_store import Principal, Removal

_PRINCIPAL: Final = "name, digest, scopes, made_at, expires_at"
_ADD: Final = f"""
INSERT INTO principal ({_PRINCIPAL}) VALUES (%b::text, %b::text, %b::text[], %b::int8, %b::int8) ON CONFLICT DO NOTHING
"""

_LOCK: Final = "LOCK TABLE principal IN SHARE ROW EXCLUSIVE MODE"
_REMOVE: Final = "DELETE FROM principal WHERE name = ANY(%b)"
_REMOVE_BESIDE_AN_ADMIN: Final = """
WITH mighty AS (
  SELECT name FROM principal WHERE 'admin' = ANY(scopes) AND (expires_at IS NULL OR expires_at > %b::int8)
)
DELETE FROM principal WHERE name = ANY(%b)
  AND (name NOT IN (SELECT name FROM mighty) OR (SELECT count(*) FROM mighty) > 1)
"""
_REMOVE_THE_ONLY_ONE: Final = f"{_REMOVE} AND (SELECT count(*) FROM principal) = 1"


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
        return await self._database.change(_REMOVE, (texts([name]),)) == 1

    async def remove_beside_an_admin(self, name: str, now: datetime) -> Removal:
        async def job(connection: AsyncConnection) -> Removal:
            await connection.execute(_LOCK)
            values = (to_microseconds(now), texts([name]))
            if (await connection.execute(_REMOVE_BESIDE_AN_ADMIN, values, binary=True)).rowcount:
                return Removal.DONE
            left = await connection.execute("SELECT FROM principal WHERE name = ANY(%b)", (texts([name]),), binary=True)
            return Removal.LAST_ADMIN if left.rowcount else Removal.NOT_THERE

        return await self._database.run(job)

    async def remove_the_only_one(self, name: str) -> bool:
        async def job(connection: AsyncConnection) -> bool:
            await connection.execute(_LOCK)
            return (await connection.execute(_REMOVE_THE_ONLY_ONE, (texts([name]),), binary=True)).rowcount == 1

        return await self._database.run(job)


def _principal(row: Row) -> Principal:
    name, digest, scopes, made_at, expires_at = row
    return Principal(
        name=given_text(name),
        digest=given_text(digest),
        scopes=frozenset(scopes),
        made_at=from_microseconds(made_at),
        expires_at=None if expires_at is None else from_microseconds(expires_at),
    )
