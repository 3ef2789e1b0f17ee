"""The trace that a traversal is in, derived from ids alone: nobody has to remember a span until it ends.

A traversal is a span. Its id follows from the traversal's, so that whoever sends something inside it knows it, in
whatever process, before or after a crash. The trace is the one that the request came with; a traversal
that came without one begins a trace whose id are the 128 bits of the id of the traversal that the user started.
"""

from functools import lru_cache
from typing import Final

from ulid_transform import ulid_to_bytes

from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.digest import digest_hex, short_digest
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import is_ulid

_SPAN_DIGITS: Final = 16
_SAMPLED: Final = "01"


def trace_within(traversal: TraversalId, root: TraversalId, given: Trace | None) -> Trace:
    """The context of what a traversal sends: inside its own span. `given` is what its request came with."""
    if given is None:
        return Trace(f"00-{trace_id(root, None)}-{span_id(traversal)}-{_SAMPLED}")
    version, trace, _, flags = given.traceparent.split("-")
    return Trace(f"{version}-{trace}-{span_id(traversal)}-{flags}", given.tracestate)


def trace_id(root: TraversalId, given: Trace | None) -> str:
    """The id of the trace of a traversal: 32 hex digits."""
    if given is not None:
        return given.traceparent[3:35]
    return ulid_to_bytes(root).hex() if is_ulid(root) else short_digest(root.encode())


@lru_cache(maxsize=4096)
def span_id(traversal: TraversalId) -> str:
    """The id of the span of a traversal: 16 hex digits."""
    return digest_hex(f"{traversal}/span".encode())[:_SPAN_DIGITS]
