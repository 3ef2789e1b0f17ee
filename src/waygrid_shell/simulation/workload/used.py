"""Which services and events DAGs use."""

from collections.abc import Iterable, Iterator, Sequence

from waygrid_core.dag.dag import CompiledDag, Dag
from waygrid_core.dag.node import TaskNode
from waygrid_core.model.address import ServiceAddress


def services_of(compiled: Iterable[CompiledDag]) -> Sequence[ServiceAddress]:
    """Those that somebody must serve: not those of the system. In the order of their names."""
    found = {node.address for each in compiled for node in _tasks(each)}
    return sorted((address for address in found if address.component != "system"), key=str)


def events_of(compiled: Iterable[CompiledDag]) -> Sequence[str]:
    """The names of those that are awaited, in order."""
    found = (node.event for each in compiled for node in _tasks(each))
    return sorted({event for event in found if event is not None})


def dags_of(compiled: CompiledDag) -> Sequence[Dag]:
    """The DAG and all its bodies."""
    return (compiled.dag, *compiled.bodies.values())


def _tasks(compiled: CompiledDag) -> Iterator[TaskNode]:
    for dag in dags_of(compiled):
        yield from (node for node in dag.nodes.values() if isinstance(node, TaskNode))
