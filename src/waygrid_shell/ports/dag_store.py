"""The store of DAGs."""

from typing import Protocol

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.identifiers import DagHash


class DagStore(Protocol):
    """Keeps DAGs by hash, for as long as a traversal may run them. What was put is never changed."""

    @property
    def extensions(self) -> Extensions:
        """What it reads DAGs with; whoever takes Specs or plans in beside it uses the same."""
        ...

    async def put(self, compiled: CompiledDag) -> None:
        """Keep it with its bodies; keeping it again changes nothing. Raises `StorageFull` or `Unavailable`."""
        ...

    async def get(self, dag_hash: DagHash) -> Dag | None:
        """The DAG of that hash, be it one that was put or a body of one; None if nobody put it.

        Raises `UnreadableDag` if an extension in it is not among `extensions`.
        """
        ...

    async def get_compiled(self, dag_hash: DagHash) -> CompiledDag | None:
        """The same with its bodies, and with the annotations of whoever put that hash first; a body has those that it
        has inside what it was put with. For people: it may cost more than `get`. Raises as `get` does.
        """
        ...
