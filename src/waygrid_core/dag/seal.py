"""Makes a DAG of its nodes: everything that follows from them (scopes, names, hash, digests) is computed here."""

from collections.abc import Mapping
from datetime import timedelta

from waygrid_core.dag.dag import Dag
from waygrid_core.dag.digest import Content, Hashing, meanings
from waygrid_core.dag.node import DagNode, ForkNode, JoinNode
from waygrid_core.dag.scope import BranchScope
from waygrid_core.extension.extension import Guard, SignalKind
from waygrid_core.model.identifiers import ROOT_SCOPE, DagHash, NodeId, ScopeId, branch_scope
from waygrid_core.policy.repeat import RepeatPolicy


def seal(
    *,
    nodes: Mapping[NodeId, DagNode],
    entry_points: tuple[NodeId, ...],
    author_ids: Mapping[NodeId, str],
    repeat_policy: RepeatPolicy,
    timeout: timedelta | None,
    on_end: DagHash | None,
    salt: str,
    bodies: Mapping[DagHash, Dag],
    guards: tuple[Guard, ...] = (),
    signals: tuple[SignalKind, ...] = (),
) -> Dag:
    """The DAG with these nodes. They are taken to be valid; `bodies` has those that they name, and theirs."""
    named = names_of(nodes, author_ids)
    scopes, fork_depth = scopes_of(nodes)
    content = Content(nodes, entry_points, author_ids, named, repeat_policy, timeout, on_end, salt, guards, signals)
    hashing = Hashing(content)
    contents = {dag_hash: content_of(dag) for dag_hash, dag in bodies.items()}
    meaning = meanings(hashing.body_hashes(), contents)
    return Dag(
        hash=hashing.dag_hash(),
        nodes=nodes,
        entry_points=entry_points,
        scopes=scopes,
        node_named=named,
        author_ids=author_ids,
        digests=hashing.node_digests(meaning.__getitem__),
        repeat_policy=repeat_policy,
        timeout=timeout,
        on_end=on_end,
        guards=guards,
        signals=signals,
        salt=salt,
        fork_depth=fork_depth,
    )


def content_of(dag: Dag) -> Content:
    """What the hash of a DAG covers."""
    return Content(
        dag.nodes,
        dag.entry_points,
        dag.author_ids,
        dag.node_named,
        dag.repeat_policy,
        dag.timeout,
        dag.on_end,
        dag.salt,
        dag.guards,
        dag.signals,
    )


def names_of(nodes: Mapping[NodeId, DagNode], author_ids: Mapping[NodeId, str]) -> dict[str, NodeId]:
    """What `/nodes/<id>/output` names: ids, and the joinNodeId of a join that has none. An id comes first."""
    named = {author_id: node_id for node_id, author_id in author_ids.items()}
    for node in nodes.values():
        if isinstance(node, JoinNode) and node.id not in author_ids:
            named.setdefault(node.join_node_id, node.id)
    return named


def scopes_of(nodes: Mapping[NodeId, DagNode]) -> tuple[dict[ScopeId, BranchScope], int]:
    """Every scope but the root, and how deep forks nest."""
    scopes: dict[ScopeId, BranchScope] = {}
    for node in nodes.values():
        if isinstance(node, ForkNode):
            for name, _ in node.branches:
                scope = branch_scope(node.id, name)
                scopes[scope] = BranchScope(scope, node.id, name, node.scope)
    depths: dict[ScopeId, int] = {ROOT_SCOPE: 0}
    for scope in scopes:
        chain: list[ScopeId] = []
        while scope not in depths:
            chain.append(scope)
            scope = scopes[scope].parent
        depths.update((inner, depth) for depth, inner in enumerate(reversed(chain), depths[scope] + 1))
    return scopes, max(depths.values())
