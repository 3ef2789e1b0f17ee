"""Edges as values: where a token can go from a node, and under which guard."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from waygrid_core.dag.node import DagNode, FailNode, ForkNode
from waygrid_core.model.identifiers import NodeId

Guard: TypeAlias = str
"""`condition:<i>`, `success`, `failure`, `timeout`, `always`; of a fork `branch:<name>`, and `join` to its join."""

CONDITION: Final = "condition:"
BRANCH: Final = "branch:"
SUCCESS: Final = "success"
FAILURE: Final = "failure"
TIMEOUT: Final = "timeout"
ALWAYS: Final = "always"
JOIN: Final = "join"
END_GUARDS: Final = (SUCCESS, FAILURE, TIMEOUT, ALWAYS)


def edges_from(node: DagNode) -> Iterator[tuple[Guard, NodeId]]:
    """The edges that leave `node`: conditions in their order, then the other ends; branches by name, then the join."""
    if isinstance(node, ForkNode):
        for name, first in node.branches:
            yield f"{BRANCH}{name}", first
        yield JOIN, node.join
    elif not isinstance(node, FailNode):
        routes = node.routes
        for index, (_, target) in enumerate(routes.conditions):
            yield f"{CONDITION}{index}", target
        if routes.success is not None:
            yield SUCCESS, routes.success
        if routes.failure is not None:
            yield FAILURE, routes.failure
        if routes.timeout is not None:
            yield TIMEOUT, routes.timeout
        if routes.always is not None:
            yield ALWAYS, routes.always
