"""What runs of the simulation have found, each in a small world of its own: seeds are good for one commit only."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

import anyio
import pytest

from tests.simulation.world import World, in_world
from waygrid_core.children.derive import plan_for
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.inbox.hearing import hear
from waygrid_core.inbox.mailbox import EMPTY_MAILBOX, AwaitComes, EventComes, MailboxName, Waiter
from waygrid_core.message.messages import (
    EventReceived,
    Message,
    NodeTraversalRequested,
    NodeTraversalSucceeded,
    TimerFired,
    TraversalCancelRequested,
)
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin
from waygrid_core.traversal.state import new_traversal
from waygrid_core.traversal.timers import node_timer
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.journal import Change, Decision, Origin
from waygrid_shell.ports.timer_book import Timer
from waygrid_shell.runtime.chores import sweeper_of
from waygrid_shell.services.waystation.decide import newcomer
from waygrid_shell.simulation.load import compiled
from waygrid_shell.simulation.servers import BEGINNING

T = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
BROKEN = ServiceAddress("processor", "broken")
CHILD = TraversalId("01HF7YAT0049CSJD0XT5ECFZJ0")


def test_a_child_of_which_only_a_cancel_was_heard_is_of_its_users_traversal() -> None:
    """Its parent died before it sent the request; whoever sends again sends only what is still waited for."""
    child = newcomer(TraversalCancelRequested(CHILD, root=T), _no_dag, None, BEGINNING)
    own = newcomer(TraversalCancelRequested(T), _no_dag, None, BEGINNING)
    assert child is not None
    assert own is not None
    assert (child.origin.root, own.origin.root) == (T, T)


def _no_dag(plan: object) -> NoReturn:
    raise AssertionError(f"nobody asked for {plan}")


async def _begin(world: World, kind: str) -> DispatchNode:
    """A traversal of that kind begins and nothing is sent; its one dispatch."""
    dag = compiled(kind).dag
    made = transition(dag, new_traversal(T), Begin(T, {}), BEGINNING).unwrap()
    decision = Decision(
        version=made.state.version, cause="its request", at=BEGINNING, events=made.events, effects=made.effects
    )
    await world.servers.dag_store.put(compiled(kind))
    origin = Origin(plan=plan_for(dag), parent=None, root=T)
    await world.servers.journal.commit([Change(origin=origin, base=0, decisions=(decision,), state=made.state)])
    (dispatch,) = (effect for effect in made.effects if isinstance(effect, DispatchNode))
    return dispatch


async def _held_then(
    world: World, receiver: ServiceAddress, message: Message, then: Sequence[TransportEnvelope]
) -> int:
    """What a sweep finds missing that begins while somebody works on a message, and then sends what follows from it."""
    sent_at = BEGINNING + timedelta(milliseconds=500)
    await world.servers.publish([seal(receiver, message, "held", sender=INBOX, sent_at=sent_at)])
    found: list[int] = []

    async def sweep() -> None:
        found.append((await sweeper_of(world.servers.ports()).sweep()).missing)

    async with (
        world.servers.event_log.subscribe([topic_name(receiver)]) as subscription,
        anyio.create_task_group() as tasks,
    ):
        taken = await subscription.take(1)
        await anyio.sleep(1)
        tasks.start_soon(sweep)
        await anyio.sleep(2)
        await world.servers.publish(then)
        await subscription.acknowledge(taken)
    return found[0]


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_was_decided_and_is_about_to_be_sent_is_not_nowhere(is_sent: bool) -> None:
    """Whoever decided it has not acknowledged what made it decide, and the next one sends it."""

    async def story(world: World) -> int:
        dispatch = await _begin(world, "broken")
        request = NodeTraversalRequested(
            traversal=T, node=dispatch.node, attempt=1, input=dispatch.input, parameters={}, root=T
        )
        sent = seal(BROKEN, request, "sent", sender=WAYSTATION, sent_at=BEGINNING, causation="its request")
        return await _held_then(world, WAYSTATION, TimerFired(T, TimerId("t")), [sent] if is_sent else [])

    assert in_world(story) == (0 if is_sent else 1)


@pytest.mark.parametrize("is_answered", [True, False])
def test_what_the_inbox_has_answered_and_is_about_to_send_is_not_nowhere(is_answered: bool) -> None:
    """Its book says that nobody waits any more; the event that answered is not acknowledged, and is heard again."""

    async def story(world: World) -> int:
        dispatch = await _begin(world, "approval")
        mailbox, _ = hear(EMPTY_MAILBOX, AwaitComes(Waiter(T, dispatch.node, 1)))
        mailbox, _ = hear(mailbox, EventComes("e", {}))
        await world.servers.event_book.save({MailboxName("approved", T): KeptMailbox(mailbox)})
        await world.servers.timer_book.write(to_set=_timers(dispatch), to_unset=[])
        answer = NodeTraversalSucceeded(T, dispatch.node, 1, {})
        told = seal(WAYSTATION, answer, "told", sender=INBOX, sent_at=BEGINNING + timedelta(seconds=3))
        received = EventReceived("e", "approved", T, {})
        return await _held_then(world, INBOX, received, [told] if is_answered else [])

    assert in_world(story) == (0 if is_answered else 1)


def _timers(dispatch: DispatchNode) -> Sequence[Timer]:
    return [Timer(node_timer(T, dispatch.node, 1, "timeout"), T, BEGINNING + timedelta(hours=1))]
