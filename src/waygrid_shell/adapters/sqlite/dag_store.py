"""The DAG store in SQLite."""

import sqlite3

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.storage.stored_dags import StoredDags, dag_document


class SqliteDagStore:
    """See `waygrid_shell.ports.dag_store.DagStore`."""

    def __init__(self, database: Database, extensions: Extensions = NO_EXTENSIONS) -> None:
        self._database = database
        self.extensions = extensions
        self._stored = StoredDags(self._find, extensions)

    async def put(self, compiled: CompiledDag) -> None:
        document = dag_document(compiled)
        bodies = [(body, compiled.dag.hash) for body in compiled.bodies]

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO dag VALUES (?, ?)", (compiled.dag.hash, document))
            connection.executemany("INSERT OR IGNORE INTO dag_body VALUES (?, ?)", bodies)

        await self._database.run(job)
        self._stored.remember(compiled)

    async def get(self, dag_hash: DagHash) -> Dag | None:
        return await self._stored.get(dag_hash)

    async def get_compiled(self, dag_hash: DagHash) -> CompiledDag | None:
        return await self._stored.get_compiled(dag_hash)

    async def _find(self, dag_hash: DagHash) -> bytes | None:
        return await self._database.read(lambda connection: _document_with(connection, dag_hash))


def _document_with(connection: sqlite3.Connection, dag_hash: DagHash) -> bytes | None:
    query = (
        "SELECT document FROM dag WHERE hash = ?"
        " UNION ALL SELECT document FROM dag JOIN dag_body ON dag.hash = dag_body.within WHERE dag_body.hash = ?"
        " LIMIT 1"
    )
    row: tuple[bytes] | None = connection.execute(query, (dag_hash, dag_hash)).fetchone()
    return None if row is None else row[0]
