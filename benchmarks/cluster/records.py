"""A record as those that a step is made of: the request for an attempt, and its answer."""

from datetime import UTC, datetime

from benchmarks.payload import PAYLOAD
from waygrid_core.envelope.stamps import Stamps
from waygrid_core.envelope.trace_context import trace_within
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.identity import answer_id, message_id, work_key
from waygrid_core.message.messages import NodeTraversalRequested, NodeTraversalSucceeded
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.hosting.post import seal_stamped

STEP = ServiceAddress("processor", "step")
_NODE = NodeId("0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e")


def request_for(traversal: TraversalId) -> TransportEnvelope:
    """The request for an attempt of a node."""
    message = NodeTraversalRequested(
        traversal=traversal, node=_NODE, attempt=1, input=PAYLOAD, parameters={}, root=traversal
    )
    stamps = Stamps(causation=message_id(traversal, 1, 0), trace=trace_within(traversal, traversal, None))
    return seal_stamped(STEP, message, message_id(traversal, 2, 0), WAYSTATION, datetime.now(UTC), stamps)


def answer_of(traversal: TraversalId) -> TransportEnvelope:
    """Its answer."""
    message = NodeTraversalSucceeded(traversal, _NODE, 1, PAYLOAD)
    name = answer_id(work_key(traversal, _NODE, 1), message)
    stamps = Stamps(trace=trace_within(traversal, traversal, None))
    return seal_stamped(WAYSTATION, message, name, STEP, datetime.now(UTC), stamps)
