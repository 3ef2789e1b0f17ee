"""The DAG store in SQLite: the flat JSON of a DAG, under its hash and those of its bodies."""

import sqlite3
from typing import Final

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.flat import dag_from_json, dag_to_json
from waygrid_core.dag.inner import compiled_inside
from waygrid_core.model.identifiers import DagHash
from waygrid_core.outcome import Failure
from waygrid_shell.adapters.sqlite.database import Database
from waygrid_shell.ports.failure import ForeignStorage

_DAGS_KEPT: Final = 2_000
_COMPILED_KEPT: Final = 256
"""With their annotations, for who looks at their traversals."""


class SqliteDagStore:
    """See `waygrid_shell.ports.dag_store.DagStore`. What was read or written lately is kept in memory as well."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: dict[DagHash, Dag] = {}
        self._compiled: dict[DagHash, CompiledDag] = {}

    async def put(self, compiled: CompiledDag) -> None:
        document = write_json(dag_to_json(compiled))
        bodies = [(body, compiled.dag.hash) for body in compiled.bodies]

        def job(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO dag VALUES (?, ?)", (compiled.dag.hash, document))
            connection.executemany("INSERT OR IGNORE INTO dag_body VALUES (?, ?)", bodies)

        await self._database.run(job)
        self._remember(compiled)

    async def get(self, dag_hash: DagHash) -> Dag | None:
        if dag_hash not in self._read:
            compiled = await self._stored_with(dag_hash)
            if compiled is None:
                return None
            self._remember(compiled)
        return self._read[dag_hash]

    async def get_compiled(self, dag_hash: DagHash) -> CompiledDag | None:
        if dag_hash not in self._compiled:
            stored = await self._stored_with(dag_hash)
            compiled = None if stored is None else compiled_inside(stored, dag_hash)
            if compiled is None:
                return None
            if len(self._compiled) >= _COMPILED_KEPT:
                self._compiled.clear()
            self._compiled[dag_hash] = compiled
        return self._compiled[dag_hash]

    async def _stored_with(self, dag_hash: DagHash) -> CompiledDag | None:
        """What is stored under that hash, else what has it as a body."""
        document = await self._database.read(lambda connection: _document_with(connection, dag_hash))
        if document is None:
            return None
        outcome = dag_from_json(read_json(document))
        if isinstance(outcome, Failure):
            raise ForeignStorage(f"the stored DAG {dag_hash} is damaged: {outcome.failure()[0].message}")
        return outcome.unwrap()

    def _remember(self, compiled: CompiledDag) -> None:
        if len(self._read) >= _DAGS_KEPT:
            self._read.clear()
        self._read.update(compiled.bodies)
        self._read[compiled.dag.hash] = compiled.dag


def _document_with(connection: sqlite3.Connection, dag_hash: DagHash) -> bytes | None:
    query = (
        "SELECT document FROM dag WHERE hash = ?"
        " UNION ALL SELECT document FROM dag JOIN dag_body ON dag.hash = dag_body.within WHERE dag_body.hash = ?"
        " LIMIT 1"
    )
    row: tuple[bytes] | None = connection.execute(query, (dag_hash, dag_hash)).fetchone()
    return None if row is None else row[0]
