"""Names of things. Each is text at run time and a type of its own to the checker."""

from typing import NewType

TraversalId = NewType("TraversalId", str)
"""A ULID: 26 characters of Crockford's base 32, the first ten its time in milliseconds."""

NodeId = NewType("NodeId", str)
"""16 hex digits of blake3 over (salt, path from the entry); see `waygrid_core.compile.identify`."""

DagHash = NewType("DagHash", str)
"""64 hex digits of blake3 over everything that can change what a traversal does."""

NodeDigest = NewType("NodeDigest", str)
"""64 hex digits of blake3 over a node's own meaning and that of all work before it."""

InputDigest = NewType("InputDigest", str)
"""64 hex digits of blake3 over the input and the parameters of a node as they are dispatched."""

ScopeId = NewType("ScopeId", str)
"""The scope of a token: `ROOT_SCOPE`, or `<fork's NodeId>/<branch name>`."""

TimerId = NewType("TimerId", str)
"""`<traversal>/<node or '-'>/<attempt>/<kind>`: the same decision always sets the same timer."""

ROOT_SCOPE = ScopeId("")


def branch_scope(fork: NodeId, branch: str) -> ScopeId:
    """The scope of one branch of one fork."""
    return ScopeId(f"{fork}/{branch}")
