"""What DAGs need of a plant beside the services that serve their nodes: secrets, and other DAGs."""

from collections.abc import Awaitable, Callable, Iterable

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import CallWork, EachWork, LoopWork, TaskNode
from waygrid_core.model.identifiers import DagHash
from waygrid_core.template.template import SecretReference
from waygrid_shell.ports.journal import Summary


def secrets_of(dags: Iterable[Dag]) -> tuple[SecretReference, ...]:
    """The secrets that these DAGs refer to, in no order, each once."""
    return tuple(
        dict.fromkeys(
            parameter
            for dag in dags
            for node in dag.nodes.values()
            if isinstance(node, TaskNode)
            for parameter in node.parameters.values()
            if isinstance(parameter, SecretReference)
        )
    )


def all_dags(compiled: CompiledDag) -> tuple[Dag, ...]:
    """A DAG and its bodies."""
    return (compiled.dag, *compiled.bodies.values())


async def dags_of(unfinished: Iterable[Summary], get: Callable[[DagHash], Awaitable[Dag | None]]) -> tuple[Dag, ...]:
    """The DAGs that these traversals run, and all that those run, as far as `get` has them."""
    found: dict[DagHash, Dag] = {}
    pending = list({summary.origin.dag for summary in unfinished if summary.origin.dag is not None})
    while pending:
        dag_hash = pending.pop()
        dag = None if dag_hash in found else await get(dag_hash)
        if dag is None:
            continue
        found[dag_hash] = dag
        if dag.on_end is not None:
            pending.append(dag.on_end)
        works = (node.work for node in dag.nodes.values() if isinstance(node, TaskNode))
        pending.extend(work.body for work in works if isinstance(work, CallWork | EachWork | LoopWork))
    return tuple(found.values())
