"""Messages arrive: at workers, at the inbox, at children and their parents.

A receiver knows what it has had before. What it is still working on it drops; for what it has finished, it sends its
answer again.
"""

from typing import assert_never

from waygrid_core.children.identity import dispatched_child_id, follow_up_id
from waygrid_core.children.plan import EachPlan, RunPlan, SinglePlan
from waygrid_core.children.series_effects import StartRun
from waygrid_core.children.start import FIRST_ENTRY, child_of
from waygrid_core.dag.naming import body_annotations, on_end_annotations
from waygrid_core.dag.node import AwaitWork, CallWork, EachWork, ExtensionWork, LoopWork, ServiceWork, TaskNode
from waygrid_core.inbox.mailbox import Answer, Waiter, mailbox_of
from waygrid_core.model.address import INBOX
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.simulation.family import Live, LiveSeries, LiveTraversal, NodeParent, SeriesParent
from waygrid_core.simulation.machines import hear, send_answer
from waygrid_core.simulation.naming import ON_END
from waygrid_core.simulation.post import (
    Answered,
    AttemptCanceled,
    Dispatched,
    EventAnswered,
    FollowUpRequested,
    Message,
    RunAnswered,
    RunCanceled,
    RunRequested,
)
from waygrid_core.simulation.world import World
from waygrid_core.traversal.effects import DispatchNode, StartFollowUp
from waygrid_core.traversal.signals import Begin, Cancel, NodeSuccess


def deliver(world: World, message: Message) -> None:
    """What the arrival of a message does."""
    match message:
        case Dispatched(traversal=traversal, effect=dispatch):
            _deliver_dispatch(world, world.family.single(traversal), dispatch)
        case AttemptCanceled(traversal=traversal, node=node, attempt=attempt):
            _deliver_cancel(world, world.family.single(traversal), node, attempt)
        case RunRequested(series=series, effect=run):
            _deliver_run(world, world.family.series(series), run)
        case RunCanceled(child=child):
            _cancel_child(world, child)
        case FollowUpRequested(traversal=traversal, effect=follow_up):
            _deliver_follow_up(world, world.family[traversal], follow_up)
        case Answered(signal=signal):
            hear(world, world.family[signal.traversal], signal)
        case RunAnswered(signal=end):
            hear(world, world.family[end.traversal], end)
        case EventAnswered(answer=answer):
            waiter = answer.waiter
            answered = NodeSuccess(waiter.traversal, waiter.node, waiter.attempt, answer.data)
            hear(world, world.family[waiter.traversal], answered)
        case _:
            assert_never(message)


def send_event_answers(world: World, answers: tuple[Answer, ...]) -> None:
    """Put on their way what the inbox answers."""
    for answer in answers:
        world.post.send(EventAnswered(answer))


def _deliver_dispatch(world: World, live: LiveTraversal, effect: DispatchNode) -> None:
    node = _task(live, effect.node)
    if _is_for_worker(world, live, node):
        reply = world.workers.work(live.place, live.names[node.id], live.id, node.id, effect.attempt)
        if reply is None:
            return
        if reply.after:
            world.agenda.promise(reply.signal, reply.after)
        else:
            hear(world, live, reply.signal)
    elif node.address == INBOX:
        waiter = Waiter(live.id, node.id, effect.attempt)
        send_event_answers(world, world.mailboxes.await_comes(waiter, mailbox_of(effect.parameters, world.main)))
    else:
        _deliver_to_child(world, live, node, effect)


def _deliver_cancel(world: World, live: LiveTraversal, node_id: NodeId, attempt: int) -> None:
    node = _task(live, node_id)
    if _is_for_worker(world, live, node):
        world.workers.cancel(live.id, node_id, attempt)
        world.agenda.break_promise(live.id, node_id, attempt)
    elif node.address == INBOX:
        send_event_answers(world, world.mailboxes.await_canceled(Waiter(live.id, node_id, attempt)))
    else:
        _cancel_child(world, dispatched_child_id(live.id, node_id, attempt))


def _is_for_worker(world: World, live: LiveTraversal, node: TaskNode) -> bool:
    """Whether a worker answers: for a service always, for others if the scenario scripts them."""
    match node.work:
        case ServiceWork():
            return True
        case ExtensionWork() if node.address != INBOX:
            return True
        case ExtensionWork() | AwaitWork() | CallWork() | EachWork() | LoopWork():
            return world.script.has(live.place, live.names.get(node.id))
        case _:
            assert_never(node.work)


def _deliver_to_child(world: World, live: LiveTraversal, node: TaskNode, effect: DispatchNode) -> None:
    start = child_of(node, live.id, effect)
    assert start is not None, "a call, each or loop has a child"
    if _needs_no_begin(world, start.traversal):
        return
    if isinstance(live.plan, EachPlan):
        assert effect.branch is not None, "members are called in branches, named by index"
        place, annotations = live.place.member(int(effect.branch)), live.annotations
    else:
        place, annotations = live.place.inside(live.names[node.id]), body_annotations(live.annotations, node.id)
    live.children[node.id] = start.traversal
    parent = NodeParent(live.id, node.id, effect.attempt)
    child = world.family.open(start.traversal, start.plan, place, annotations, parent)
    hear(world, child, Begin(child.id, start.payload, FIRST_ENTRY, child.known))


def _deliver_run(world: World, series: LiveSeries, effect: StartRun) -> None:
    if _needs_no_begin(world, effect.child):
        return
    series.last_run = effect.child
    plan, parent = RunPlan(series.dag.hash, effect.run), SeriesParent(series.id, effect.run)
    run = world.family.open(effect.child, plan, series.place, series.annotations, parent)
    hear(world, run, Begin(run.id, effect.payload, effect.entry, effect.known, effect.run))


def _deliver_follow_up(world: World, ended: Live, effect: StartFollowUp) -> None:
    child = follow_up_id(ended.id)
    if _needs_no_begin(world, child):
        return
    ended.follow_up = child
    place, annotations = ended.place.inside(ON_END), on_end_annotations(ended.annotations)
    live = world.family.open(child, SinglePlan(effect.dag), place, annotations, None)
    hear(world, live, Begin(child, effect.payload, FIRST_ENTRY, live.known))


def _needs_no_begin(world: World, child: TraversalId) -> bool:
    """Whether the child is canceled before its begin, is under way, or has ended: then it answers again."""
    live = world.family.get(child)
    if live is not None and live.state.has_ended:
        send_answer(world, live)
    return live is not None or child in world.canceled_early


def _cancel_child(world: World, child: TraversalId) -> None:
    live = world.family.get(child)
    if live is None:
        world.canceled_early.add(child)  # the cancel overtook the begin
    else:
        hear(world, live, Cancel(child))


def _task(live: LiveTraversal, node_id: NodeId) -> TaskNode:
    node = live.dag.nodes[node_id]
    assert isinstance(node, TaskNode), "only tasks are dispatched and canceled"
    return node
