"""DAGs that no author wrote, derived from those that an author did. Pure, so they are derived again, never stored.

They are not validated: a list may be empty and may be longer than a fork that somebody writes.
"""

from collections.abc import Callable
from typing import Final, assert_never

from attrs import evolve

from waygrid_core.children.plan import EachPlan, LoopPlan, RunPlan, SeriesPlan, SinglePlan, TraversalPlan, Unread
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import CallWork, DagNode, ForkNode, JoinNode, Routes, TaskNode
from waygrid_core.dag.preimage import extension_preimage
from waygrid_core.dag.scope import BranchScope
from waygrid_core.extension.extension import JoinRule
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeDigest, NodeId, ScopeId, branch_scope
from waygrid_core.model.json_value import MISSING, JsonValue
from waygrid_core.policy.join import And, JoinStrategy, Or, Quorum
from waygrid_core.policy.repeat import NoRepeat
from waygrid_core.template.template import Constant, DataPointer, FromLeaf, ObjectTemplate, Template

_JOIN_NODE_ID: Final = "members"
_NODE_ID_DIGITS: Final = 16


def plan_for(dag: Dag) -> SinglePlan | SeriesPlan:
    """How a user's traversal of `dag` runs: once, or as a series if it has a repeat policy."""
    return SinglePlan(dag.hash) if isinstance(dag.repeat_policy, NoRepeat) else SeriesPlan(dag.hash)


def dag_of(plan: TraversalPlan, dag_with: Callable[[DagHash], Dag]) -> Dag:
    """The DAG that a traversal of this plan runs; of a series or a loop the one that its runs are made of.

    `dag_with` gives a DAG by its hash; what it raises for an unknown one passes through.
    """
    match plan:
        case SinglePlan(dag=dag_hash) | SeriesPlan(dag=dag_hash) | LoopPlan(body=dag_hash):
            return dag_with(dag_hash)
        case RunPlan(dag=dag_hash):
            return run_dag(dag_with(dag_hash))
        case EachPlan():
            return each_dag(plan)
        case _:
            assert_never(plan)


def run_dag(dag: Dag) -> Dag:
    """What one run of a series, or one round of a loop, runs: the same graph under the same timeout.

    Its repeat policy and its onEnd are its series' business.
    """
    if isinstance(dag.repeat_policy, NoRepeat) and dag.on_end is None:
        return dag
    return evolve(dag, hash=_derived_hash(["run", dag.hash]), repeat_policy=NoRepeat(), on_end=None)


def member_name(index: int, members: int) -> str:
    """The branch of the member at `index`: padded, so that the order of names is the order of the list."""
    return str(index).zfill(len(str(max(members - 1, 0))))


def each_dag(plan: EachPlan) -> Dag:
    """A fork with a branch for each member, which calls the body with `{item, index, input?}`, and its join.

    The payload of its traversal is `{items, input?}`; see `waygrid_core.children.start`.
    """
    strategy = _read_strategy(plan)
    dag_hash = _derived_hash(
        ["each", plan.body, plan.members, _strategy_document(strategy), plan.concurrency or plan.members]
    )
    fork, join = _node_id(dag_hash, "fork"), _node_id(dag_hash, "join")
    routes, work = Routes(success=join), CallWork(plan.body)
    digest = NodeDigest(digest_hex(canonical_json(["member", plan.body])))
    nodes: dict[NodeId, DagNode] = {}
    scopes: dict[ScopeId, BranchScope] = {}
    branches: list[tuple[str, NodeId]] = []
    for index in range(plan.members):
        name = member_name(index, plan.members)
        node, scope = _node_id(dag_hash, name), branch_scope(fork, name)
        nodes[node] = TaskNode(id=node, scope=scope, work=work, input=_member_input(index), routes=routes)
        scopes[scope] = BranchScope(scope, fork, name, ROOT_SCOPE)
        branches.append((name, node))
    digests = dict.fromkeys(nodes, digest)  # the same work on whatever item: what one member did, another may take over
    nodes[fork] = ForkNode(
        id=fork,
        scope=ROOT_SCOPE,
        join=join,
        join_node_id=_JOIN_NODE_ID,
        branches=tuple(branches),
        concurrency=plan.concurrency,
    )
    nodes[join] = JoinNode(id=join, scope=ROOT_SCOPE, fork=fork, join_node_id=_JOIN_NODE_ID, strategy=strategy)
    return Dag(
        hash=dag_hash,
        nodes=nodes,
        entry_points=(fork,),
        scopes=scopes,
        node_named={_JOIN_NODE_ID: join},
        digests=digests,
        fork_depth=1,
    )


def _member_input(index: int) -> Template:
    return ObjectTemplate(
        {
            "item": FromLeaf((DataPointer("payload", ("items", str(index))),), MISSING),
            "index": Constant(index),
            "input": FromLeaf((DataPointer("payload", ("input",)),), MISSING),
        }
    )


def _read_strategy(plan: EachPlan) -> JoinStrategy:
    assert not isinstance(plan.strategy, Unread), "a plan is read before it runs"
    return plan.strategy


def _strategy_document(strategy: JoinStrategy) -> JsonValue:
    match strategy:
        case And():
            return "And"
        case Or():
            return "Or"
        case Quorum(n=needed):
            assert isinstance(needed, int), "a quorum from data was read when the each was dispatched"
            return ["Quorum", needed]
        case JoinRule():
            return extension_preimage(strategy)
        case _:
            assert_never(strategy)


def _derived_hash(origin: JsonValue) -> DagHash:
    return DagHash(digest_hex(canonical_json(origin)))


def _node_id(dag_hash: DagHash, name: str) -> NodeId:
    return NodeId(digest_hex(f"{dag_hash}/{name}".encode())[:_NODE_ID_DIGITS])
