"""A node of the DAG from a node as it was written, once its id, its scope and the ends of its edges are known."""

from collections.abc import Mapping
from typing import assert_never

from waygrid_core.dag.edge import ALWAYS, BRANCH, CONDITION, FAILURE, SUCCESS, TIMEOUT, Guard
from waygrid_core.dag.named_nodes import PlacedNode
from waygrid_core.dag.node import (
    NO_ROUTES,
    AwaitWork,
    CallWork,
    DagNode,
    EachWork,
    ExtensionWork,
    FailNode,
    ForkNode,
    JoinNode,
    LoopWork,
    PassNode,
    Routes,
    ServiceWork,
    TaskNode,
    Work,
)
from waygrid_core.model.identifiers import DagHash, NodeId, ScopeId
from waygrid_core.policy.join import And
from waygrid_core.spec import node as written


def construct_node(
    node: PlacedNode,
    node_id: NodeId,
    scope: ScopeId,
    targets: Mapping[Guard, NodeId],
    *,
    partner: NodeId | None,
    body: DagHash | None,
    end: NodeId | None,
) -> DagNode:
    """`partner` is the join of a fork, or the fork of a join; `end` the join that ends the scope, None at the root.

    A node of a branch whose success would just end the branch gets the edge to `end`: both ways of writing it are one.
    """
    match node:
        case written.StandardNode():
            return TaskNode(
                id=node_id,
                scope=scope,
                work=ServiceWork(node.address),
                parameters=node.parameters,
                input=node.input,
                retry_policy=node.retry_policy,
                delivery_strategy=node.delivery_strategy,
                timeout=node.timeout,
                routes=_routes(node, targets, end),
            )
        case written.PassNode():
            return PassNode(
                id=node_id,
                scope=scope,
                output=node.output,
                delivery_strategy=node.delivery_strategy,
                routes=_routes(node, targets, end),
            )
        case written.FailNode():
            return FailNode(id=node_id, scope=scope, code=node.code, message=node.message)
        case written.AwaitNode():
            return TaskNode(
                id=node_id,
                scope=scope,
                work=AwaitWork(node.event, node.key),
                timeout=node.timeout,
                routes=_routes(node, targets, end),
            )
        case written.ExtensionNode():
            return TaskNode(
                id=node_id,
                scope=scope,
                work=ExtensionWork(node.kind),
                input=node.input,
                retry_policy=node.retry_policy,
                delivery_strategy=node.delivery_strategy,
                timeout=node.timeout,
                routes=_routes(node, targets, end),
            )
        case written.CallNode() | written.EachNode() | written.LoopNode():
            assert body is not None, "a node with a body has one"
            return TaskNode(
                id=node_id,
                scope=scope,
                work=_work(node, body),
                input=node.input,
                retry_policy=node.retry_policy,
                delivery_strategy=node.delivery_strategy,
                timeout=node.timeout,
                routes=_routes(node, targets, end),
            )
        case written.ForkNode():
            assert partner is not None, "every fork has a join"
            return ForkNode(
                id=node_id,
                scope=scope,
                join=partner,
                join_node_id=node.join_node_id,
                branches=tuple((name, targets[f"{BRANCH}{name}"]) for name in sorted(node.branches)),
                concurrency=node.concurrency,
            )
        case written.JoinNode():
            assert partner is not None, "every join has a fork"
            assert node.strategy is not None, "a join is made of its whole form"
            return JoinNode(
                id=node_id,
                scope=scope,
                fork=partner,
                join_node_id=node.join_node_id,
                strategy=node.strategy,
                timeout=node.timeout,
                routes=_routes(node, targets, end),
            )
        case _:
            assert_never(node)


def _work(node: written.BodyNode, body: DagHash) -> Work:
    match node:
        case written.CallNode():
            return CallWork(body)
        case written.EachNode():
            strategy = And() if node.strategy is None else node.strategy
            return EachWork(body, node.over, strategy, node.concurrency, node.at_most)
        case written.LoopNode():
            return LoopWork(body, node.until, node.at_most, node.every)
        case _:
            assert_never(node)


def _routes(
    node: written.StandardNode
    | written.PassNode
    | written.JoinNode
    | written.AwaitNode
    | written.BodyNode
    | written.ExtensionNode,
    targets: Mapping[Guard, NodeId],
    end: NodeId | None,
) -> Routes:
    if not targets:
        return NO_ROUTES if end is None else Routes(success=end)
    conditional = () if isinstance(node, written.JoinNode) else node.on_conditions
    success = targets.get(SUCCESS)
    if success is None and not conditional and ALWAYS not in targets:
        success = end
    return Routes(
        tuple((edge.condition, targets[f"{CONDITION}{at}"]) for at, edge in enumerate(conditional)),
        success,
        targets.get(FAILURE),
        targets.get(TIMEOUT),
        targets.get(ALWAYS),
    )
