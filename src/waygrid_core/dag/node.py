"""The nodes of a DAG. The machine knows five kinds; what a task does when it is dispatched is its `work`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias, assert_never

from attrs import Factory, frozen

from waygrid_core.condition.expression import Condition
from waygrid_core.extension.asked_kinds import address_of, event_of
from waygrid_core.extension.extension import NodeKind
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import DagHash, NodeId, ScopeId
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate
from waygrid_core.policy.join import JoinStrategy
from waygrid_core.policy.retry import NoRetry, RetryPolicy
from waygrid_core.template.template import Leaf, Operand, ParameterTemplate, Template


@frozen
class Routes:
    """Where the token goes when a node has ended; None where the node has no such edge."""

    conditions: tuple[tuple[Condition, NodeId], ...] = ()
    success: NodeId | None = None
    failure: NodeId | None = None
    timeout: NodeId | None = None
    always: NodeId | None = None


NO_ROUTES = Routes()


@frozen
class ServiceWork:
    """A standard node: the service at `address` does it."""

    address: ServiceAddress


@frozen
class AwaitWork:
    """An await: answered by an event from outside. `key` None: the id of the traversal that the user started."""

    event: str
    key: Operand | None = None


@frozen
class CallWork:
    """A call: its body runs once."""

    body: DagHash


@frozen
class EachWork:
    """An each: its body runs once for every item of the list."""

    body: DagHash
    over: Leaf
    strategy: JoinStrategy
    concurrency: int | None
    at_most: int


@frozen
class LoopWork:
    """A loop: its body runs until `until` holds of a round's output."""

    body: DagHash
    until: Condition
    at_most: int
    every: timedelta | None


@frozen
class ExtensionWork:
    """A task of a user's kind, which says who is asked, with what, and what the answers mean."""

    kind: NodeKind


Work: TypeAlias = ServiceWork | AwaitWork | CallWork | EachWork | LoopWork | ExtensionWork


@frozen(kw_only=True)
class TaskNode:
    """What is dispatched and answered: standard nodes, awaits, calls, eaches, loops, nodes of a user's kind."""

    id: NodeId
    scope: ScopeId
    work: Work
    parameters: Mapping[str, ParameterTemplate] = Factory(dict)
    input: Template | None = None
    retry_policy: RetryPolicy = NoRetry()
    delivery_strategy: DeliveryStrategy = Immediate()
    timeout: timedelta | None = None
    routes: Routes = NO_ROUTES

    @property
    def address(self) -> ServiceAddress:
        """Whom a dispatch goes to."""
        match self.work:
            case ServiceWork(address=address):
                return address
            case AwaitWork():
                return INBOX
            case CallWork() | EachWork() | LoopWork():
                return WAYSTATION
            case ExtensionWork(kind=kind):
                return address_of(kind)

    @property
    def event(self) -> str | None:
        """The name of the event that it waits for; None for one that waits for none."""
        match self.work:
            case AwaitWork(event=event):
                return event
            case ExtensionWork(kind=kind):
                return event_of(kind)
            case _:
                return None


@frozen(kw_only=True)
class PassNode:
    """Succeeds at once (or when its delivery strategy says) with its output template."""

    id: NodeId
    scope: ScopeId
    output: Template | None = None
    delivery_strategy: DeliveryStrategy = Immediate()
    routes: Routes = NO_ROUTES


@frozen(kw_only=True)
class FailNode:
    """Ends its scope in failure."""

    id: NodeId
    scope: ScopeId
    code: Operand
    message: Operand | None = None


@frozen(kw_only=True)
class ForkNode:
    """Opens its branches, each a scope of its own. `branches` are in name order, each with its first node."""

    id: NodeId
    scope: ScopeId
    join: NodeId
    join_node_id: str
    branches: tuple[tuple[str, NodeId], ...]
    concurrency: int | None = None


@frozen(kw_only=True)
class JoinNode:
    """Decides its fork. It stands in the scope of the fork, not in a branch's."""

    id: NodeId
    scope: ScopeId
    fork: NodeId
    join_node_id: str
    strategy: JoinStrategy
    timeout: timedelta | None = None
    routes: Routes = NO_ROUTES


DagNode: TypeAlias = TaskNode | PassNode | FailNode | ForkNode | JoinNode
RoutedNode: TypeAlias = TaskNode | PassNode | JoinNode


def body_of(node: DagNode) -> DagHash | None:
    """The body of a call, each or loop."""
    if not isinstance(node, TaskNode):
        return None
    match node.work:
        case CallWork(body=body) | EachWork(body=body) | LoopWork(body=body):
            return body
        case ServiceWork() | AwaitWork() | ExtensionWork():
            return None
        case _:
            assert_never(node.work)
