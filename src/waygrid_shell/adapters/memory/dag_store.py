"""The DAG store in memory."""

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.inner import compiled_inside
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.identifiers import DagHash


class MemoryDagStore:
    """See `waygrid_shell.ports.dag_store.DagStore`."""

    def __init__(self, extensions: Extensions = NO_EXTENSIONS) -> None:
        self.extensions = extensions
        self._dags: dict[DagHash, Dag] = {}
        self._compiled: dict[DagHash, CompiledDag] = {}
        self._within: dict[DagHash, DagHash] = {}

    async def put(self, compiled: CompiledDag) -> None:
        for dag in (compiled.dag, *compiled.bodies.values()):
            self._dags.setdefault(dag.hash, dag)
            self._within.setdefault(dag.hash, compiled.dag.hash)
        self._compiled.setdefault(compiled.dag.hash, compiled)

    async def get(self, dag_hash: DagHash) -> Dag | None:
        return self._dags.get(dag_hash)

    async def get_compiled(self, dag_hash: DagHash) -> CompiledDag | None:
        if dag_hash in self._compiled:
            return self._compiled[dag_hash]
        within = self._within.get(dag_hash)
        return None if within is None else compiled_inside(self._compiled[within], dag_hash)
