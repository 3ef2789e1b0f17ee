"""From an effect of a machine to the messages that have it done, and to whom they go."""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

from attrs import frozen

from waygrid_core.children.answer import answer_of, ending_of
from waygrid_core.children.ending import TraversalEnd
from waygrid_core.children.identity import dispatched_child_id, follow_up_id
from waygrid_core.children.known_inside import known_in_body
from waygrid_core.children.plan import RunPlan, SinglePlan, TraversalPlan
from waygrid_core.children.series_effects import CancelRun, SeriesEffect, StartRun
from waygrid_core.children.series_state import SeriesState
from waygrid_core.children.start import child_of
from waygrid_core.dag.dag import Dag
from waygrid_core.dag.node import TaskNode
from waygrid_core.message.messages import (
    Message,
    NodeTraversalCancelRequested,
    NodeTraversalFailed,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    RunTraversalEnded,
    TimerCancelRequested,
    TimerRequested,
    TraversalCancelRequested,
    TraversalEnded,
    TraversalRequested,
)
from waygrid_core.message.parent import NodeParent, ParentLink, SeriesParent
from waygrid_core.model.address import INBOX, SCHEDULER, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.template.template import Parameter
from waygrid_core.traversal.effects import (
    Cancel,
    CancelNode,
    Complete,
    DispatchNode,
    Effect,
    Fail,
    Schedule,
    StartFollowUp,
    Unschedule,
)
from waygrid_core.traversal.signals import Known, NodeFailure, NodeSuccess
from waygrid_core.traversal.state import BackingOff, InFlight, TraversalState

AnyEffect: TypeAlias = Effect | SeriesEffect
Addressed: TypeAlias = tuple[ServiceAddress, Message]


@frozen(kw_only=True)
class Sender:
    """The traversal or series whose effects are sent.

    `state` is its state after the transition, or a later one; `before` the one before it, which still knows what a
    canceled await was waiting for (None for a series). `dag` is the one that it runs; it and `plan` are None for one
    that was canceled before it began.
    """

    state: TraversalState | SeriesState
    root: TraversalId
    plan: TraversalPlan | None = None
    parent: ParentLink | None = None
    dag: Dag | None = None
    before: TraversalState | None = None

    @property
    def traversal(self) -> TraversalId:
        """Its id."""
        return self.state.traversal


def from_effect(effect: AnyEffect, sender: Sender) -> tuple[Addressed, ...]:
    """The messages that `effect` is sent as, in order. The same effect of the same sender is always the same."""
    match effect:
        case DispatchNode():
            return (_dispatch(effect, sender),)
        case CancelNode(node=node, attempt=attempt):
            return (_cancel(node, attempt, sender),)
        case Schedule(timer=timer, at=at):
            return ((SCHEDULER, TimerRequested(sender.traversal, timer, at)),)
        case Unschedule(timer=timer):
            return ((SCHEDULER, TimerCancelRequested(sender.traversal, timer)),)
        case Complete() | Fail() | Cancel():
            return from_end(sender)
        case StartFollowUp(dag=dag, payload=payload):
            follow_up = TraversalRequested(
                traversal=follow_up_id(sender.traversal), plan=SinglePlan(dag), payload=payload, root=sender.root
            )
            return ((WAYSTATION, follow_up),)
        case StartRun():
            return ((WAYSTATION, _run(effect, sender)),)
        case CancelRun(child=child):
            return ((WAYSTATION, TraversalCancelRequested(child, root=sender.root)),)
        case _:
            assert_never(effect)


def from_end(sender: Sender) -> tuple[Addressed, ...]:
    """Who is told that the sender has ended: its parent; of a user's own traversal the inbox.

    A child that has ended says so again to a parent that asks again, by this same function.
    """
    end = ending_of(sender.state)
    assert end is not None, "only what has ended says so"
    told: list[Addressed] = []
    match sender.parent:
        case None:
            if sender.traversal == sender.root:
                told.append((INBOX, TraversalEnded(sender.traversal, end)))
        case NodeParent(traversal=parent, node=node, attempt=attempt):
            assert sender.plan is not None, "what has a parent was requested with a plan"
            told.append((WAYSTATION, _answer(sender.plan, parent, node, attempt, end)))
        case SeriesParent(traversal=series, run=run):
            told.append((WAYSTATION, RunTraversalEnded(series, run, end)))
        case _:
            assert_never(sender.parent)
    return tuple(told)


def _dispatch(dispatch: DispatchNode, sender: Sender) -> Addressed:
    """A call, each or loop is a message from the waystation to itself; all others go to their service."""
    node = _task(dispatch.node, sender)
    start = child_of(node, sender.traversal, dispatch)
    if start is not None:
        return WAYSTATION, TraversalRequested(
            traversal=start.traversal,
            plan=start.plan,
            payload=start.payload,
            root=sender.root,
            parent=NodeParent(sender.traversal, dispatch.node, dispatch.attempt),
            known=_known_inside(dispatch, sender),
        )
    requested = NodeTraversalRequested(
        traversal=sender.traversal,
        node=dispatch.node,
        attempt=dispatch.attempt,
        input=dispatch.input,
        parameters=_for_receiver(node, dispatch.parameters, sender),
        root=sender.root,
        branch=dispatch.branch,
    )
    return node.address, requested


def _known_inside(dispatch: DispatchNode, sender: Sender) -> Known:
    if sender.dag is None or sender.plan is None or isinstance(sender.state, SeriesState):
        return {}
    return known_in_body(sender.dag, sender.plan, sender.state.known, dispatch)


def _cancel(node_id: NodeId, attempt: int, sender: Sender) -> Addressed:
    node = _task(node_id, sender)
    if node.address == WAYSTATION:
        child = dispatched_child_id(sender.traversal, node_id, attempt)
        return WAYSTATION, TraversalCancelRequested(child, root=sender.root)
    run = None if sender.before is None else sender.before.nodes.get(node_id)
    parameters = run.parameters if isinstance(run, InFlight | BackingOff) and node.address == INBOX else {}
    canceled = NodeTraversalCancelRequested(
        traversal=sender.traversal,
        node=node_id,
        attempt=attempt,
        parameters=_for_receiver(node, parameters, sender),
    )
    return node.address, canceled


def _for_receiver(node: TaskNode, parameters: Mapping[str, Parameter], sender: Sender) -> Mapping[str, Parameter]:
    """An await without a key of its own waits for what its user's traversal is told."""
    return {"key": sender.root, **parameters} if node.address == INBOX else parameters


def _task(node_id: NodeId, sender: Sender) -> TaskNode:
    assert sender.dag is not None, "what dispatches has a DAG"
    node = sender.dag.nodes[node_id]
    assert isinstance(node, TaskNode), "only tasks are dispatched"
    return node


def _run(start: StartRun, sender: Sender) -> TraversalRequested:
    assert sender.dag is not None, "a series that starts runs has a DAG"
    return TraversalRequested(
        traversal=start.child,
        plan=RunPlan(sender.dag.hash, start.run),
        payload=start.payload,
        root=sender.root,
        parent=SeriesParent(sender.traversal, start.run),
        entry=start.entry,
        known=start.known,
    )


def _answer(
    plan: TraversalPlan, parent: TraversalId, node: NodeId, attempt: int, end: TraversalEnd
) -> NodeTraversalSucceeded | NodeTraversalFailed:
    match answer_of(plan, parent, node, attempt, end):
        case NodeSuccess(output=output):
            return NodeTraversalSucceeded(parent, node, attempt, output)
        case NodeFailure(error=error):
            return NodeTraversalFailed(parent, node, attempt, error)
