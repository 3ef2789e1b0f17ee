"""The vocabulary between services. Each message but `EventReceived` bears the id of the traversal that it is about."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from attrs import Factory, frozen

from waygrid_core.children.ending import TraversalEnd
from waygrid_core.children.plan import TraversalPlan
from waygrid_core.message.parent import ParentLink
from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.template.template import Parameter
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.signals import Known


@frozen(kw_only=True)
class TraversalRequested:
    """Somebody wants a traversal: a user, an attempt of a call, each or loop, a series, an ended one its `onEnd`.

    `plan` says which DAG runs, and how; `root` is the traversal that the user started, however deep in bodies this one
    is; `parent` waits for its end. `name` and `labels` are for people, who find it by them; a child has none.
    """

    traversal: TraversalId
    plan: TraversalPlan
    payload: JsonValue
    root: TraversalId
    parent: ParentLink | None = None
    entry: int = 0
    known: Known = Factory(dict)
    name: str | None = None
    labels: Mapping[str, str] = Factory(dict)


@frozen
class TraversalCancelRequested:
    """Somebody wants it to end, whatever runs. `root` is the traversal of a user whose descendant it is, if it is one.

    It may come before the request, and then be all that is ever heard of it.
    """

    traversal: TraversalId
    reason: str | None = None
    root: TraversalId | None = None


@frozen
class TraversalPauseRequested:
    """Somebody wants it to hold."""

    traversal: TraversalId


@frozen
class TraversalUnpauseRequested:
    """Somebody wants it to go on."""

    traversal: TraversalId


@frozen
class BranchCancelRequested:
    """Somebody wants these branches of one fork to end."""

    traversal: TraversalId
    join_node_id: str
    branches: tuple[str, ...]


@frozen
class TraversalTold:
    """A user says something in the words of its Spec: `kind` is the type of one of its signals.

    `id` tells it from another of equal words.
    """

    traversal: TraversalId
    id: str
    kind: str
    data: JsonValue


@frozen(kw_only=True)
class NodeTraversalRequested:
    """An attempt of a node is to be made, by the service that this is sent to.

    To the inbox, `parameters` has the name and the key of the event that is waited for.
    """

    traversal: TraversalId
    node: NodeId
    attempt: int
    input: JsonValue
    parameters: Mapping[str, Parameter]
    root: TraversalId
    branch: str | None = None


@frozen(kw_only=True)
class NodeTraversalCancelRequested:
    """Nobody waits for this attempt any more. To the inbox, `parameters` is what the attempt was requested with."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    parameters: Mapping[str, Parameter] = Factory(dict)


@frozen
class NodeTraversalStarted:
    """A service has begun to work on an attempt."""

    traversal: TraversalId
    node: NodeId
    attempt: int


@frozen
class NodeTraversalSucceeded:
    """An attempt succeeded."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    output: JsonValue | Missing = MISSING


@frozen
class NodeTraversalFailed:
    """An attempt failed."""

    traversal: TraversalId
    node: NodeId
    attempt: int
    error: ErrorDetail


@frozen
class RunTraversalEnded:
    """Run number `run` of the series (or round of the loop) `traversal` has ended."""

    traversal: TraversalId
    run: int
    end: TraversalEnd


@frozen
class TraversalEnded:
    """A traversal that a user started has ended; the inbox keeps nothing for it any longer."""

    traversal: TraversalId
    end: TraversalEnd


@frozen
class TimerRequested:
    """A traversal wants to be told when it is `at`, not earlier."""

    traversal: TraversalId
    timer: TimerId
    at: datetime


@frozen
class TimerCancelRequested:
    """Nobody waits for this timer any more."""

    traversal: TraversalId
    timer: TimerId


@frozen
class TimerFired:
    """The instant of a timer has come."""

    traversal: TraversalId
    timer: TimerId


@frozen
class EventReceived:
    """Something happened outside. Awaits of this name and key hear it; `id` tells it from another of equal data."""

    id: str
    event: str
    key: str
    data: JsonValue


Message: TypeAlias = (
    TraversalRequested
    | TraversalCancelRequested
    | TraversalPauseRequested
    | TraversalUnpauseRequested
    | BranchCancelRequested
    | TraversalTold
    | NodeTraversalRequested
    | NodeTraversalCancelRequested
    | NodeTraversalStarted
    | NodeTraversalSucceeded
    | NodeTraversalFailed
    | RunTraversalEnded
    | TraversalEnded
    | TimerRequested
    | TimerCancelRequested
    | TimerFired
    | EventReceived
)
