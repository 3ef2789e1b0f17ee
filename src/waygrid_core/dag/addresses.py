"""Which services DAGs dispatch to."""

from collections.abc import Iterable

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import ServiceWork, TaskNode
from waygrid_core.model.address import ServiceAddress


def addresses_of(dags: Iterable[Dag]) -> frozenset[ServiceAddress]:
    """The services that do the work of these DAGs' nodes; those of the system are not among them."""
    return frozenset(
        node.work.address
        for dag in dags
        for node in dag.nodes.values()
        if isinstance(node, TaskNode) and isinstance(node.work, ServiceWork)
    )
