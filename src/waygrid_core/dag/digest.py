"""The hashes of a DAG: `DagHash` of the whole, `NodeDigest` of each node with all work before it.

Both hash canonical JSON that is put together from pieces, since most pieces serve both. The pieces stand in the order
of canonical JSON; a test holds them against `canonical_json` itself.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from attrs import define, frozen

from waygrid_core.dag.edge import CONDITION, edges_from
from waygrid_core.dag.node import (
    DagNode,
    FailNode,
    ForkNode,
    PassNode,
    ServiceWork,
    TaskNode,
    body_of,
)
from waygrid_core.dag.preimage import (
    BodyName,
    Name,
    as_written,
    body_hash,
    condition_preimage,
    duration_preimage,
    extension_preimage,
    node_preimage,
    repeat_preimage,
)
from waygrid_core.extension.extension import Extension
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import DagHash, NodeDigest, NodeId, ScopeId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.policy.delivery import Immediate
from waygrid_core.policy.repeat import RepeatPolicy
from waygrid_core.policy.retry import NoRetry

_NO_RETRY: Final = NoRetry()
_IMMEDIATE: Final = Immediate()


@frozen
class Content:
    """All that the hash of a DAG covers. `named` says which node an author's id names, `author_ids` is by node."""

    nodes: Mapping[NodeId, DagNode]
    entry_points: tuple[NodeId, ...]
    author_ids: Mapping[NodeId, str]
    named: Mapping[str, NodeId]
    repeat_policy: RepeatPolicy
    timeout: timedelta | None
    on_end: DagHash | None
    salt: str
    guards: tuple[Extension, ...] = ()
    signals: tuple[Extension, ...] = ()

    def extensions(self) -> dict[str, JsonValue]:
        """What of the whole is a user's, by field; nothing for a DAG that has none of it."""
        said = {"guards": self.guards, "signals": self.signals}
        return {name: [extension_preimage(each) for each in users] for name, users in said.items() if users}


@define
class _Piece:
    """What one node says of itself, and whether that depends on the ids of others or on a body."""

    own: bytes
    names_nodes: bool
    has_body: bool


class Hashing:
    """One DAG while it is hashed."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._edges = {node_id: tuple(edges_from(node)) for node_id, node in content.nodes.items()}
        self._plain: dict[str, _Piece] = {}
        self._pieces = {node_id: self._piece(node) for node_id, node in content.nodes.items()}

    def preimage(self) -> bytes:
        """The canonical JSON that is hashed."""
        content = self.content
        nodes = b",".join(self._written_node(node_id) for node_id in sorted(content.nodes))
        rest: dict[str, JsonValue] = {
            "onEnd": content.on_end,
            "repeatPolicy": repeat_preimage(content.repeat_policy),
            "salt": content.salt,
            "timeout": None if content.timeout is None else duration_preimage(content.timeout),
        }
        users = content.extensions()
        if users:
            rest["users"] = users
        entry_points = canonical_json(list(content.entry_points))
        return b'{"entryPoints":%b,"nodes":{%b},%b' % (entry_points, nodes, canonical_json(rest)[1:])

    def dag_hash(self) -> DagHash:
        """The hash of the whole."""
        return DagHash(digest_hex(self.preimage()))

    def node_digests(self, body: BodyName) -> dict[NodeId, NodeDigest]:
        """The digest of every node, in an order in which each comes after all that can run before it.

        A node that a pointer names stands in by its digest, for its id may be another one elsewhere; one that cannot
        have run before gives nothing to the pointer, and stands in by null.
        """
        content, edges = self.content, self._edges
        joins = {node.id: node.join for node in content.nodes.values() if isinstance(node, ForkNode)}
        incoming: dict[NodeId, list[bytes]] = {node_id: [] for node_id in content.nodes}
        missing = dict.fromkeys(content.nodes, 0)
        failing = {
            node.id: joins[fork]
            for node in content.nodes.values()
            if isinstance(node, FailNode) and (fork := _fork_of(node.scope)) in joins
        }
        for leaving in edges.values():
            for _, target in leaving:
                missing[target] += 1
        for target in failing.values():
            missing[target] += 1
        for entry in content.entry_points:
            incoming[entry].append(b'["entry"]')
        digests: dict[NodeId, NodeDigest] = {}

        def name(author_id: str) -> JsonValue:
            named = content.named.get(author_id)
            return None if named is None else digests.get(named)

        ready = deque(dict.fromkeys(entry for entry in content.entry_points if missing[entry] == 0))
        while ready:
            node_id = ready.popleft()
            node, piece = content.nodes[node_id], self._pieces[node_id]
            own = piece.own
            if piece.names_nodes or piece.has_body:
                own = canonical_json(node_preimage(node, name, body))
            digest = digest_hex(b"[%b,[%b]]" % (own, b",".join(sorted(incoming[node_id]))))
            digests[node_id] = NodeDigest(digest)
            for guard, target in edges[node_id]:
                incoming[target].append(self._written_guard(node, guard, digest, name))
                missing[target] -= 1
                if missing[target] == 0:
                    ready.append(target)
            if node_id in failing:
                target = failing[node_id]
                incoming[target].append(b'["fail","%b"]' % digest.encode())
                missing[target] -= 1
                if missing[target] == 0:
                    ready.append(target)
        return digests

    def meaning(self, body: BodyName) -> str:
        """A hash like `dag_hash`, without the salt and whatever the ids of nodes are: nodes are numbered instead."""
        content = self.content
        numbers: dict[NodeId, int] = {}
        waiting = list(reversed(content.entry_points))
        while waiting:
            node_id = waiting.pop()
            if node_id not in numbers:
                numbers[node_id] = len(numbers)
                waiting.extend(target for _, target in reversed(self._edges[node_id]))

        def name(author_id: str) -> JsonValue:
            named = content.named.get(author_id)
            return None if named is None else numbers.get(named)

        nodes: list[JsonValue] = []
        for node_id in numbers:
            node = content.nodes[node_id]
            conditions = [] if isinstance(node, FailNode | ForkNode) else node.routes.conditions
            nodes.append(
                [
                    node_preimage(node, name, body),
                    content.author_ids.get(node_id),
                    [[guard, numbers[target]] for guard, target in self._edges[node_id]],
                    [condition_preimage(condition, name) for condition, _ in conditions],
                ]
            )
        timeout = None if content.timeout is None else duration_preimage(content.timeout)
        on_end = None if content.on_end is None else body(content.on_end)
        entry_points = [numbers[entry] for entry in content.entry_points]
        whole: list[JsonValue] = [entry_points, nodes, repeat_preimage(content.repeat_policy), timeout, on_end]
        users = content.extensions()
        return digest_hex(canonical_json([*whole, users] if users else whole))

    def body_hashes(self) -> Iterable[DagHash]:
        """The bodies that the nodes name, and the onEnd."""
        for node in self.content.nodes.values():
            body = body_of(node)
            if body is not None:
                yield body
        if self.content.on_end is not None:
            yield self.content.on_end

    def _piece(self, node: DagNode) -> _Piece:
        if isinstance(node, TaskNode) and isinstance(node.work, ServiceWork) and _is_plain(node):
            address = node.work.address.short
            piece = self._plain.get(address)
            if piece is None:
                piece = self._plain[address] = _Piece(
                    canonical_json(node_preimage(node, as_written, body_hash)), names_nodes=False, has_body=False
                )
            return piece
        names_nodes = False

        def name(author_id: str) -> JsonValue:
            nonlocal names_nodes
            names_nodes = True
            return self.content.named.get(author_id)

        own = canonical_json(node_preimage(node, name, body_hash))
        conditions = node.routes.conditions if isinstance(node, TaskNode | PassNode) else ()
        for condition, _ in conditions:
            if not names_nodes:
                condition_preimage(condition, name)
        return _Piece(own, names_nodes, has_body=body_of(node) is not None)

    def _written_node(self, node_id: NodeId) -> bytes:
        content = self.content
        node = content.nodes[node_id]

        def name(author_id: str) -> JsonValue:
            return content.named.get(author_id)

        author_id = content.author_ids.get(node_id)
        named = b"" if author_id is None else b',"name":%b' % canonical_json(author_id)
        edges = b",".join(
            b'["%b","%b"]' % (guard.encode(), target.encode())
            if not guard.startswith(CONDITION)
            else b'["%b","%b",%b]' % (guard.encode(), target.encode(), _condition(node, guard, name))
            for guard, target in self._edges[node_id]
        )
        return b'"%b":{"is":%b%b,"to":[%b]}' % (node_id.encode(), self._pieces[node_id].own, named, edges)

    def _written_guard(self, node: DagNode, guard: str, digest: str, name: Name) -> bytes:
        if guard.startswith(CONDITION):
            return b'["condition","%b",%b]' % (digest.encode(), _condition(node, guard, name))
        return b'["%b","%b"]' % (guard.encode(), digest.encode())


def _condition(node: DagNode, guard: str, name: Name) -> bytes:
    assert isinstance(node, TaskNode | PassNode), "only tasks and passes have conditions"
    condition, _ = node.routes.conditions[int(guard.removeprefix(CONDITION))]
    return canonical_json(condition_preimage(condition, name))


def _is_plain(node: TaskNode) -> bool:
    """Whether the node says nothing but its address."""
    return (
        not node.parameters
        and node.input is None
        and node.timeout is None
        and not node.routes.conditions
        and node.retry_policy == _NO_RETRY
        and node.delivery_strategy == _IMMEDIATE
    )


def _fork_of(scope: ScopeId) -> NodeId:
    """The fork whose branch `scope` is; no fork's id for the root."""
    return NodeId(scope.rpartition("/")[0])


def meanings(of: Iterable[DagHash], contents: Mapping[DagHash, Content]) -> dict[DagHash, str]:
    """The meaning of each of these bodies: the same for the same work, whatever the salt. Iterative over nesting.

    A body that `contents` does not have means its hash.
    """
    known: dict[DagHash, str] = {}
    waiting = list(of)
    while waiting:
        dag_hash = waiting[-1]
        if dag_hash in known:
            waiting.pop()
            continue
        if dag_hash not in contents:
            known[dag_hash] = dag_hash
            continue
        hashing = Hashing(contents[dag_hash])
        below = [inner for inner in hashing.body_hashes() if inner not in known]
        if below:
            waiting.extend(below)
        else:
            known[dag_hash] = hashing.meaning(known.__getitem__)
    return known
