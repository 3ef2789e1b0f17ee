"""The store of principals in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from waygrid_core.model.instant import from_microseconds, to_microseconds
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.ports.principal_store import Principal, Removal

_COLUMNS: Final = "name, digest, scopes, made_at, expires_at"


class SqlitePrincipalStore:
    """See `waygrid_shell.ports.principal_store.PrincipalStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, principal: Principal) -> bool:
        row = (
            principal.name,
            principal.digest,
            " ".join(sorted(principal.scopes)),
            to_microseconds(principal.made_at),
            None if principal.expires_at is None else to_microseconds(principal.expires_at),
        )
        insert = f"INSERT INTO principal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING"
        return await self._database.run(lambda connection: connection.execute(insert, row).rowcount == 1)

    async def find(self, digest: str) -> Principal | None:
        found = await self._select("WHERE digest = ?", digest)
        return found[0] if found else None

    async def every(self) -> Sequence[Principal]:
        return await self._select("ORDER BY name")

    async def remove(self, name: str) -> bool:
        return await self._database.write("DELETE FROM principal WHERE name = ?", [(name,)]) == 1

    async def remove_beside_an_admin(self, name: str, now: datetime) -> Removal:
        def job(connection: sqlite3.Connection) -> Removal:  # of several one after the other
            every = _selected(connection, "")
            principal = next((each for each in every if each.name == name), None)
            if principal is None:
                return Removal.NOT_THERE
            if principal.is_admin(now) and not any(each.is_admin(now) for each in every if each is not principal):
                return Removal.LAST_ADMIN
            connection.execute("DELETE FROM principal WHERE name = ?", (name,))
            return Removal.DONE

        return await self._database.run(job)

    async def remove_the_only_one(self, name: str) -> bool:
        delete = "DELETE FROM principal WHERE name = ? AND (SELECT count(*) FROM principal) = 1"
        return await self._database.write(delete, [(name,)]) == 1

    async def _select(self, which: str, *values: str) -> list[Principal]:
        return await self._database.read(lambda connection: _selected(connection, which, *values))


def _selected(connection: sqlite3.Connection, which: str, *values: str) -> list[Principal]:
    return [_principal(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM principal {which}", values)]


def _principal(row: tuple[Any, ...]) -> Principal:
    name, digest, scopes, made_at, expires_at = row
    return Principal(
        name=name,
        digest=digest,
        scopes=frozenset(scopes.split()),
        made_at=from_microseconds(made_at),
        expires_at=None if expires_at is None else from_microseconds(expires_at),
    )
