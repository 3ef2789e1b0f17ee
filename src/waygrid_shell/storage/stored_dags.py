"""DAGs as they are kept: the flat JSON of one, under its hash and those of its bodies; some stay at hand."""

from collections.abc import Awaitable, Callable
from typing import Final

from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.flat import dag_from_json, dag_to_json, has_extensions
from waygrid_core.dag.inner import compiled_inside
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_core.outcome import Failure
from waygrid_shell.ports.failure import ForeignStorage, UnreadableDag

_DAGS_KEPT: Final = 2_000
_COMPILED_KEPT: Final = 256
"""With their annotations, for who looks at their traversals."""


class StoredDags:
    """Reads DAGs with these `extensions`, and remembers them. `find` gives what is stored under a hash, or else has it
    as a body.
    """

    def __init__(
        self, find: Callable[[DagHash], Awaitable[bytes | None]], extensions: Extensions = NO_EXTENSIONS
    ) -> None:
        self._find = find
        self._extensions = extensions
        self._read: dict[DagHash, Dag] = {}
        self._compiled: dict[DagHash, CompiledDag] = {}

    async def get(self, dag_hash: DagHash) -> Dag | None:
        """See `waygrid_shell.ports.dag_store.DagStore`."""
        if dag_hash not in self._read:
            compiled = await self._stored_with(dag_hash)
            if compiled is None:
                return None
            self.remember(compiled)
        return self._read[dag_hash]

    async def get_compiled(self, dag_hash: DagHash) -> CompiledDag | None:
        """See `waygrid_shell.ports.dag_store.DagStore`."""
        if dag_hash not in self._compiled:
            stored = await self._stored_with(dag_hash)
            compiled = None if stored is None else compiled_inside(stored, dag_hash)
            if compiled is None:
                return None
            if len(self._compiled) >= _COMPILED_KEPT:
                self._compiled.clear()
            self._compiled[dag_hash] = compiled
        return self._compiled[dag_hash]

    def remember(self, compiled: CompiledDag) -> None:
        """It was written, or read."""
        if len(self._read) >= _DAGS_KEPT:
            self._read.clear()
        self._read.update(compiled.bodies)
        self._read[compiled.dag.hash] = compiled.dag

    async def _stored_with(self, dag_hash: DagHash) -> CompiledDag | None:
        document = await self._find(dag_hash)
        if document is None:
            return None
        flat = read_json(document)
        outcome = dag_from_json(flat, extensions=self._extensions)
        if isinstance(outcome, Failure):
            problem = outcome.failure()[0]
            if has_extensions(flat):
                said = f"{problem.pointer}: {problem.message}"
                raise UnreadableDag(f"the stored DAG {dag_hash} cannot be read by this process: {said}")
            raise ForeignStorage(f"the stored DAG {dag_hash} is damaged: {problem.message}")
        return outcome.unwrap()


def dag_document(compiled: CompiledDag) -> bytes:
    """What is stored of it."""
    return write_json(dag_to_json(compiled))
