"""The store of blobs in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from waygrid_core.model.digest import digest_hex
from waygrid_core.model.instant import to_microseconds
from waygrid_shell.adapters.postgres.columns import blobs, texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase

_PUT: Final = """
INSERT INTO blob (put_at, digest, value)
SELECT %b::int8, digest, value FROM unnest(%b::text[], %b::bytea[]) AS new (digest, value)
ON CONFLICT (digest) DO UPDATE SET put_at = excluded.put_at WHERE blob.put_at < excluded.put_at
"""
"""The value itself is not written again: what does not change of a row stays where it is."""

_FORGOTTEN_AT_ONCE: Final = 200
"""Some of them are large."""
_FORGET: Final = f"""
DELETE FROM blob WHERE digest = ANY(ARRAY(
  SELECT digest FROM blob WHERE put_at < %b::int8 ORDER BY put_at LIMIT {_FORGOTTEN_AT_ONCE}
)) AND put_at < %b::int8
"""


class PostgresBlobStore:
    """See `waygrid_shell.ports.blob_store.BlobStore`."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def put(self, values: Sequence[bytes], at: datetime) -> Sequence[str]:
        digests = [digest_hex(value) for value in values]
        new = sorted(dict(zip(digests, values, strict=True)).items())
        if new:
            columns = (texts([digest for digest, _ in new]), blobs([value for _, value in new]))
            await self._database.change(_PUT, (to_microseconds(at), *columns))
        return digests

    async def get(self, digests: Sequence[str]) -> Mapping[str, bytes]:
        if not digests:
            return {}
        return dict(
            await self._database.read("SELECT digest, value FROM blob WHERE digest = ANY(%b)", (texts(digests),))
        )

    async def forget(self, before: datetime) -> int:
        forgotten, count = 0, _FORGOTTEN_AT_ONCE
        while count == _FORGOTTEN_AT_ONCE:
            count = await self._database.change(_FORGET, (to_microseconds(before),) * 2)
            forgotten += count
        return forgotten
