"""Which extensions stand in DAGs."""

from collections.abc import Iterable, Iterator

from waygrid_core.condition.rules import rules_in
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import DagNode, EachWork, ExtensionWork, FailNode, ForkNode, JoinNode, LoopWork, TaskNode
from waygrid_core.extension.extension import Extension, JoinRule, RetryRule
from waygrid_core.extension.registry import Extensions


def extensions_of(dags: Iterable[Dag]) -> Extensions:
    """The classes of all extensions in these DAGs: with them, whatever these DAGs write is read again.

    Raises `ValueError` if two of them have one name; what was compiled with one `Extensions` has none such.
    """
    return Extensions.of(*dict.fromkeys(type(extension) for dag in dags for extension in extensions_in(dag)))


def extensions_in(dag: Dag) -> Iterator[Extension]:
    """Every extension in a DAG, as often as it stands there."""
    yield from dag.guards
    yield from dag.signals
    for node in dag.nodes.values():
        yield from _in_node(node)


def _in_node(node: DagNode) -> Iterator[Extension]:
    if isinstance(node, ForkNode | FailNode):
        return
    for condition, _ in node.routes.conditions:
        yield from rules_in(condition)
    if isinstance(node, JoinNode) and isinstance(node.strategy, JoinRule):
        yield node.strategy
    if not isinstance(node, TaskNode):
        return
    if isinstance(node.retry_policy, RetryRule):
        yield node.retry_policy
    match node.work:
        case EachWork(strategy=JoinRule() as rule):
            yield rule
        case LoopWork(until=until):
            yield from rules_in(until)
        case ExtensionWork(kind=kind):
            yield kind
        case _:
            pass
