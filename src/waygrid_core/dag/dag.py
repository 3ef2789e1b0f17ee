"""The DAG, and the DAG with what was compiled beside it."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from attrs import Factory, field, frozen

from waygrid_core.dag.node import DagNode, ForkNode
from waygrid_core.dag.scope import BranchScope
from waygrid_core.extension.extension import Guard, SignalKind
from waygrid_core.model.identifiers import DagHash, NodeDigest, NodeId, ScopeId
from waygrid_core.policy.repeat import NoRepeat, RepeatPolicy
from waygrid_core.spec.guarantee import Guarantee


@frozen(kw_only=True, eq=False)
class Dag:
    """A graph that runs. Two DAGs are the same if their hashes are.

    `scopes` has every scope but the root. `node_named` is what `/nodes/<id>/output` names: the id that an author gave
    a node, of a join without one its joinNodeId. `author_ids` has ids alone, by node.
    """

    hash: DagHash
    nodes: Mapping[NodeId, DagNode]
    entry_points: tuple[NodeId, ...]
    scopes: Mapping[ScopeId, BranchScope] = Factory(dict)
    node_named: Mapping[str, NodeId] = Factory(dict)
    author_ids: Mapping[NodeId, str] = Factory(dict)
    digests: Mapping[NodeId, NodeDigest] = Factory(dict)
    repeat_policy: RepeatPolicy = NoRepeat()
    timeout: timedelta | None = None
    on_end: DagHash | None = None
    guards: tuple[Guard, ...] = ()
    signals: tuple[SignalKind, ...] = ()
    salt: str = ""
    fork_depth: int = 0
    """How deep its forks nest; 0 without forks."""

    @cached_property
    def forks(self) -> Mapping[str, NodeId]:
        """The fork of each joinNodeId."""
        return {node.join_node_id: node.id for node in self.nodes.values() if isinstance(node, ForkNode)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dag) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)


@frozen(kw_only=True)
class NodeAnnotation:
    """What is for people about one node. `body` annotates the nodes of its body, if it has one."""

    label: str | None = None
    description: str | None = None
    body: "DagAnnotations | None" = None


@frozen(kw_only=True)
class DagAnnotations:
    """What is for people about one DAG; no part of its hash. Nodes without any are absent."""

    name: str | None = None
    description: str | None = None
    nodes: Mapping[NodeId, NodeAnnotation] = Factory(dict)
    on_end: "DagAnnotations | None" = None
    guarantees: tuple[Guarantee, ...] = ()


@frozen(kw_only=True)
class CompiledDag:
    """A DAG, all bodies and follow-ups that it or they name, by hash, and its annotations."""

    dag: Dag
    bodies: Mapping[DagHash, Dag] = field(factory=dict)
    annotations: DagAnnotations = DagAnnotations()

    def __getitem__(self, dag_hash: DagHash) -> Dag:
        """The DAG of that hash: this one or a body. Raises `KeyError` for another."""
        return self.dag if dag_hash == self.dag.hash else self.bodies[dag_hash]
