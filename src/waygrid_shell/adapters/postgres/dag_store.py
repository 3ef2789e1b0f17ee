"""The DAG store in PostgreSQL."""

from typing import Final

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase
from waygrid_shell.storage.stored_dags import StoredDags, dag_document

_PUT: Final = """
WITH bodies AS (
  INSERT INTO dag_body (hash, within) SELECT body, %b::text FROM unnest(%b::text[]) AS body ORDER BY body
  ON CONFLICT DO NOTHING
)
INSERT INTO dag (hash, document) VALUES (%b::text, %b::bytea) ON CONFLICT DO NOTHING
"""
_FIND: Final = """
SELECT document FROM dag WHERE hash = ANY(%b)
UNION ALL
SELECT document FROM dag_body JOIN dag ON dag.hash = dag_body.within WHERE dag_body.hash = ANY(%b)
LIMIT 1
"""


class PostgresDagStore:
    """See `waygrid_shell.ports.dag_store.DagStore`."""

    def __init__(self, database: PostgresDatabase, extensions: Extensions = NO_EXTENSIONS) -> None:
        self._database = database
        self.extensions = extensions
        self._stored = StoredDags(self._find, extensions)

    async def put(self, compiled: CompiledDag) -> None:
        own = compiled.dag.hash
        await self._database.change(_PUT, (own, texts(list(compiled.bodies)), own, dag_document(compiled)))
        self._stored.remember(compiled)

    async def get(self, dag_hash: DagHash) -> Dag | None:
        return await self._stored.get(dag_hash)

    async def get_compiled(self, dag_hash: DagHash) -> CompiledDag | None:
        return await self._stored.get_compiled(dag_hash)

    async def _find(self, dag_hash: DagHash) -> bytes | None:
        asked = texts([dag_hash])
        rows = await self._database.read(_FIND, (asked, asked))
        return rows[0][0] if rows else None
