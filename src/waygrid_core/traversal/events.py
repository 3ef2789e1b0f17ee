"""Events: what the machine writes into its memory. Past tense. Folded, they are the state; see `fold`.

An event carries what the fold needs and no more: the fold knows no DAG.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.identifiers import DagHash, NodeId, ScopeId, TraversalId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.template.template import Parameter
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import HeldSignal, Known


@frozen
class TraversalBegun:
    """The traversal runs; `due` is when its own timer fires."""

    traversal: TraversalId
    dag: DagHash
    payload: JsonValue
    entry: int
    run: int
    due: datetime | None = None
    known: Known = Factory(dict)


@frozen
class NodeScheduled:
    """The token reached the node, whose delivery strategy waits until `due`. `arrived` is what arrived with it."""

    node: NodeId
    scope: ScopeId
    arrived: JsonValue
    due: datetime


@frozen
class NodeDispatched:
    """An attempt is on its way; `due` is when its timer fires. `input` and `parameters` are what it is given."""

    node: NodeId
    scope: ScopeId
    attempt: int
    arrived: JsonValue
    input: JsonValue
    parameters: Mapping[str, Parameter]
    branch: str | None
    due: datetime | None


@frozen
class NodeAsked:
    """A node of a user's kind begins a round with attempt `attempt`; `memory` is what it remembers from now on."""

    node: NodeId
    attempt: int
    memory: JsonValue


@frozen
class NodeHeard:
    """A node of a user's kind was answered; what it made of the answer is said by the events that follow."""

    node: NodeId
    attempt: int
    answer: JsonValue


@frozen
class NodeStarted:
    """A service works on the attempt."""

    node: NodeId
    attempt: int


@frozen
class NodeSucceeded:
    """The node succeeded with `output`; `arrived` is what arrived at it."""

    node: NodeId
    attempt: int
    arrived: JsonValue
    output: JsonValue


@frozen
class RetryScheduled:
    """The attempt failed and is made again at `due`; `timed_out`, if it was its timer that ended it."""

    node: NodeId
    attempt: int
    error: ErrorDetail
    timed_out: bool
    due: datetime


@frozen
class NodeFailed:
    """The node failed for good."""

    node: NodeId
    attempt: int
    arrived: JsonValue
    error: ErrorDetail


@frozen
class NodeTimedOut:
    """The node's timer fired for good (a join's too)."""

    node: NodeId
    attempt: int
    arrived: JsonValue
    error: ErrorDetail


@frozen
class NodeCanceled:
    """The node ran or waited in a scope that was canceled."""

    node: NodeId


@frozen
class ForkOpened:
    """The token became one a branch. `needed` successes among `counted` (None: all branches) decide the join; where
    a rule of an extension decides it, `needed` is 0. `due` is when the join's timer fires.
    """

    fork: NodeId
    join: NodeId
    scope: ScopeId
    arrived: JsonValue
    branches: tuple[str, ...]
    counted: tuple[str, ...] | None
    needed: int
    due: datetime | None


@frozen
class BranchOpened:
    """The branch runs."""

    fork: NodeId
    branch: str


@frozen
class BranchSucceeded:
    """The branch ended in success; `output` is what its join receives of it."""

    fork: NodeId
    branch: str
    output: JsonValue


@frozen
class BranchFailed:
    """The branch ended in failure."""

    fork: NodeId
    branch: str
    error: ErrorDetail


@frozen
class BranchTimedOut:
    """The branch ended in the failure of a node whose timer fired."""

    fork: NodeId
    branch: str
    error: ErrorDetail


@frozen
class BranchCanceled:
    """The branch was canceled while it ran or waited."""

    fork: NodeId
    branch: str


@frozen
class SignalHeld:
    """The traversal is paused; the signal waits for `Unpause`."""

    signal: HeldSignal


@frozen
class SignalHeard:
    """A user told something in the words of the Spec; what it does is said by the events that follow."""

    id: str
    kind: str
    data: JsonValue


@frozen
class GuardRemembered:
    """The guard at `index` of the DAG remembers `memory` from now on."""

    index: int
    memory: JsonValue


@frozen
class TraversalPaused:
    """From now on signals are held."""


@frozen
class TraversalUnpaused:
    """What was held is handled by the events that follow in the same transition."""


@frozen
class TraversalCompleted:
    """The root scope ended in success."""

    output: JsonValue


@frozen
class TraversalFailed:
    """The root scope ended in failure."""

    error: ErrorDetail


@frozen
class TraversalCanceled:
    """It was canceled."""

    reason: str | None


@frozen
class TraversalTimedOut:
    """Its own timer fired."""

    error: ErrorDetail


Event: TypeAlias = (
    TraversalBegun
    | NodeScheduled
    | NodeDispatched
    | NodeAsked
    | NodeHeard
    | NodeStarted
    | NodeSucceeded
    | RetryScheduled
    | NodeFailed
    | NodeTimedOut
    | NodeCanceled
    | ForkOpened
    | BranchOpened
    | BranchSucceeded
    | BranchFailed
    | BranchTimedOut
    | BranchCanceled
    | SignalHeld
    | SignalHeard
    | GuardRemembered
    | TraversalPaused
    | TraversalUnpaused
    | TraversalCompleted
    | TraversalFailed
    | TraversalCanceled
    | TraversalTimedOut
)
