"""A verdict finds what is wrong, and says what; and a witness sees what leaves no trace."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from attrs import define, field

from tests.simulation.world import World, in_world
from waygrid_core.children.derive import plan_for
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.inbox.hearing import hear
from waygrid_core.inbox.mailbox import EMPTY_MAILBOX, AwaitComes, MailboxName, Waiter
from waygrid_core.message.messages import TimerFired
from waygrid_core.model.address import WAYSTATION
from waygrid_core.model.identifiers import NodeId, TimerId, TraversalId
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin
from waygrid_core.traversal.state import new_traversal
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.event_book import KeptMailbox
from waygrid_shell.ports.journal import Change, Decision, Origin
from waygrid_shell.ports.timer_book import Timer
from waygrid_shell.simulation.load import Order, Outside, compiled
from waygrid_shell.simulation.servers import BEGINNING, Servers
from waygrid_shell.simulation.verdict import Evidence, verdict

T = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
LETTER = TransportEnvelope(topic="processor.line", key="k", headers={"ce_id": "lost"}, value=b"{}")


@define
class Case:
    """A scene, and what is known of it."""

    servers: Servers
    orders: list[Order] = field(factory=list)
    accepted: dict[str, TraversalId] = field(factory=dict)
    outside: Outside = field(factory=lambda: Outside(1))
    poison: set[str] = field(factory=set)

    async def begin(self, order: Order) -> None:
        """Its traversal begins, and nothing of it is sent."""
        dag = compiled(order.kind).dag
        made = transition(dag, new_traversal(T), Begin(T, dict(order.payload)), BEGINNING).unwrap()
        decision = Decision(
            version=made.state.version, cause="request", at=BEGINNING, events=made.events, effects=made.effects
        )
        await self.servers.dag_store.put(compiled(order.kind))
        origin = Origin(plan=plan_for(dag), parent=None, root=T)
        await self.servers.journal.commit([Change(origin=origin, base=0, decisions=(decision,), state=made.state)])


async def nobody_accepts(case: Case) -> None:
    case.orders.append(Order("late-0", "late", {}))


async def it_is_lost(case: Case) -> None:
    case.orders.append(Order("late-0", "late", {}))
    case.accepted["late-0"] = T


async def it_never_ends(case: Case) -> None:
    order = Order("late-0", "late", {})
    case.orders.append(order)
    case.accepted["late-0"] = T
    await case.begin(order)


async def nobody_wanted_it(case: Case) -> None:
    await case.begin(Order("late-0", "late", {}))


async def its_obligations_are_nowhere(case: Case) -> None:
    await case.begin(Order("late-0", "late", {}))


async def two_have_one(case: Case) -> None:
    case.accepted.update({"a": T, "b": T})


async def work_is_made_up(case: Case) -> None:
    case.outside.worked[T, "node", 1] = None


async def a_delivery_is_made_up(case: Case) -> None:
    case.outside.delivered["key"] += 1


async def a_timer_is_left(case: Case) -> None:
    await case.servers.timer_book.write(to_set=[Timer(TimerId("t"), T, BEGINNING)], to_unset=[])


async def a_message_is_left(case: Case) -> None:
    await case.servers.publish([LETTER])


async def a_letter_is_dead(case: Case) -> None:
    await case.servers.publish([dead_letter(LETTER, "nobody knows")])


async def poison_is_not_put_aside(case: Case) -> None:
    case.poison.add("poison")


async def an_await_is_forgotten(case: Case) -> None:
    mailbox, _ = hear(EMPTY_MAILBOX, AwaitComes(Waiter(T, NodeId("node"), 1)))
    await case.servers.event_book.save({MailboxName("approved", "k"): KeptMailbox(mailbox)})


WRONG = [
    (nobody_accepts, "late-0 was never accepted"),
    (it_is_lost, "late-0 was accepted, and is lost"),
    (it_never_ends, "late-0 ended as ('Running', None, None)"),
    (nobody_wanted_it, f"{T} was wanted by nobody"),
    (its_obligations_are_nowhere, "2 waits are for nothing that there is"),
    (two_have_one, "two keys have one traversal"),
    (work_is_made_up, f"attempt 1 at node of {T} was made, and nobody asked for it"),
    (a_delivery_is_made_up, "the delivery key was made, and nobody asked for it"),
    (a_timer_is_left, "1 timers are set"),
    (a_message_is_left, "1 of processor.line"),
    (a_letter_is_dead, "a dead letter that is no poison"),
    (poison_is_not_put_aside, "the poison poison was not put aside"),
    (an_await_is_forgotten, f"{T} is thought to wait for approved"),
]


@pytest.mark.parametrize(("crime", "said"), WRONG, ids=[crime.__name__ for crime, _ in WRONG])
def test_what_is_wrong_is_found_and_said(crime: Callable[[Case], Awaitable[None]], said: str) -> None:
    async def story(world: World) -> list[str]:
        case = Case(world.servers)
        await crime(case)
        await anyio.sleep(1)
        evidence = Evidence(
            orders=case.orders, accepted=case.accepted, outside=case.outside, poison=frozenset(case.poison)
        )
        return list(await verdict(world.servers.ports(), evidence))

    assert [each for each in in_world(story) if each.startswith(said)]


def test_where_nothing_happened_nothing_is_wrong() -> None:
    async def story(world: World) -> list[str]:
        return list(await verdict(world.servers.ports(), Evidence(orders=[], accepted={}, outside=Outside(1))))

    assert in_world(story) == []


@pytest.mark.parametrize(
    ("causation", "said"),
    [("a message", "TimerFired was sent before"), (None, "TimerFired to system.waystation was swept")],
)
def test_a_witness_sees_what_was_not_decided_and_what_was_not_lost(causation: str | None, said: str) -> None:
    async def story(world: World) -> list[str]:
        message = TimerFired(T, TimerId("t"))
        sent = seal(WAYSTATION, message, "m", sender=WAYSTATION, sent_at=BEGINNING, causation=causation)
        await world.servers.publish([sent])
        return list(world.servers.witness.seen)

    (seen,) = in_world(story)
    assert seen.startswith(said)
