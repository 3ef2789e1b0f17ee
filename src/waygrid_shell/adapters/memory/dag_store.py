"""The DAG store in memory."""

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.model.identifiers import DagHash


class MemoryDagStore:
    """See `waygrid_shell.ports.dag_store.DagStore`."""

    def __init__(self) -> None:
        self._dags: dict[DagHash, Dag] = {}

    async def put(self, compiled: CompiledDag) -> None:
        for dag in (compiled.dag, *compiled.bodies.values()):
            self._dags.setdefault(dag.hash, dag)

    async def get(self, dag_hash: DagHash) -> Dag | None:
        return self._dags.get(dag_hash)
