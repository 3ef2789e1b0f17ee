"""Signals: what the world says to the machine. Nouns.

Signals of a node bear `(node, attempt)`, attempts counting from 1; those of a timer bear its `TimerId` as well.
"""

from collections.abc import Mapping
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.identifiers import InputDigest, NodeDigest, NodeId, TimerId, TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.traversal.error import ErrorDetail

KnownKey: TypeAlias = tuple[NodeDigest, InputDigest | None]
"""The work of a node, and the digest of what it was given; None stands for whatever it is given."""

Known: TypeAlias = Mapping[KnownKey, JsonValue]
"""What another traversal has already done: output by work."""


@frozen
class Begin:
    """Begin at entry point `entry`. `run` is the number of this run in its series (1 outside one)."""

    traversal: TraversalId
    payload: JsonValue
    entry: int = 0
    known: Known = Factory(dict)
    run: int = 1


@frozen
class NodeStart:
    """A service has begun to work on an attempt."""

    traversal: TraversalId
    node: NodeId
    attempt: int


@frozen
class NodeSuccess:
    """An attempt succeeded; without an output its output is `{}`."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    output: JsonValue | Missing = MISSING


@frozen
class NodeFailure:
    """An attempt failed."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    error: ErrorDetail


@frozen
class Resume:
    """The timer of a delivery strategy fired."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    timer: TimerId


@frozen
class Retry:
    """The timer of a retry fired; `attempt` is the attempt that failed."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    timer: TimerId


@frozen
class Timeout:
    """The timer of an attempt, or of a join, fired."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    timer: TimerId


@frozen
class TraversalTimeout:
    """The timer of the whole traversal fired."""

    traversal: TraversalId
    timer: TimerId


@frozen
class Cancel:
    """End it, whatever runs. Before `Begin` it forbids the begin."""

    traversal: TraversalId
    reason: str | None = None


@frozen
class CancelBranches:
    """End these branches of one fork."""

    traversal: TraversalId
    join_node_id: str
    branches: tuple[str, ...]


@frozen
class Pause:
    """Record what comes, and act on it only after `Unpause`."""

    traversal: TraversalId


@frozen
class Unpause:
    """Handle what was recorded, and go on."""

    traversal: TraversalId


@frozen
class Told:
    """A user says something in the words of the traversal's Spec: `kind` is the type of one of its signals.

    `id` tells it from another of equal words: what is told twice under one id is heard once.
    """

    traversal: TraversalId
    id: str
    kind: str
    data: JsonValue


Signal: TypeAlias = (
    Begin
    | NodeStart
    | NodeSuccess
    | NodeFailure
    | Resume
    | Retry
    | Timeout
    | TraversalTimeout
    | Cancel
    | CancelBranches
    | Pause
    | Unpause
    | Told
)
TimerSignal: TypeAlias = Resume | Retry | Timeout | TraversalTimeout
HeldSignal: TypeAlias = NodeSuccess | NodeFailure | Resume | Retry | Timeout | TraversalTimeout | CancelBranches | Told
"""What a paused traversal records."""
