"""The ids of nodes: 16 hex digits of blake3 over (salt, path from the entry).

A path is written as a canonical JSON list that grows at its end, so that hashing goes on from where the node before it
stopped: a chain of 10 000 nodes costs as much as its nodes, not as the square of them. A node with an id, a fork and a
join begin a path of their own: an edit on one path leaves the ids on all others as they were.
"""

from typing import Final

from blake3 import blake3

from waygrid_core.compile.draft import NOWHERE, Draft
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.identifiers import NodeId
from waygrid_core.spec.node import ForkNode, JoinNode

NODE_ID_BYTES: Final = 8


def identify(draft: Draft, salt: str) -> list[NodeId]:
    """The id of each vertex, by index."""
    start = blake3(b"[%b,[" % canonical_json(salt))
    paths: list[blake3] = []
    ids: list[NodeId] = []
    for vertex in draft.vertices:
        node = vertex.node
        if isinstance(node, ForkNode):
            path = start.copy().update(b'"fork:%b"' % node.join_node_id.encode())
        elif isinstance(node, JoinNode):
            path = start.copy().update(b'"join:%b"' % node.join_node_id.encode())
        elif node.id is not None:
            path = start.copy().update(b'"id:%b"' % node.id.encode())
        elif vertex.parent == NOWHERE:
            path = start.copy().update(b'"%b"' % vertex.step.encode())
        else:
            path = paths[vertex.parent].copy().update(b',"%b"' % vertex.step.encode())
        paths.append(path)
        ids.append(NodeId(path.copy().update(b"]]").hexdigest(length=NODE_ID_BYTES)))
    return ids
