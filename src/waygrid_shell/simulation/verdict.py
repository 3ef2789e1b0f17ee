"""The verdict on a run: what was promised, what was done outside, and what the servers keep, beside each other."""

from collections.abc import Mapping, Sequence, Set
from typing import Final

from attrs import frozen

from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.events import NodeSucceeded
from waygrid_shell.hosting.answering import idempotency_key
from waygrid_shell.ports.journal import Summary
from waygrid_shell.runtime.chores import sweeper_of
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.simulation.judging import all_dead_letters, check_journal, everything, unrest
from waygrid_shell.simulation.load import DELIVERY, Order, Outside, what_is_wrong

_DELIVERIES: Final = frozenset({DELIVERY, "topic"})
"""Parameters by which nodes are known that do something outside."""


@frozen(kw_only=True)
class Evidence:
    """What was asked for and promised, what was done outside, and which records nobody could read."""

    orders: Sequence[Order]
    accepted: Mapping[str, TraversalId]
    outside: Outside
    posted: Sequence[str] = ()
    """The idempotency keys of records that were written into users' topics."""
    poison: Set[str] = frozenset()


async def verdict(ports: Ports, evidence: Evidence) -> Sequence[str]:
    """What is wrong; nothing, if all is right. `ports` are those of the servers, where all is quiet."""
    summaries = {each.traversal: each for each in await everything(ports)}
    return [
        *(await unrest(ports)),
        *_wrong_ends(evidence, summaries),
        *(await _wrong_journals(ports, summaries)),
        *(await _wrong_deeds(ports, summaries, evidence)),
        *(await _wrong_letters(ports, evidence.poison)),
        *(await _left_behind(ports)),
    ]


def _wrong_ends(evidence: Evidence, summaries: Mapping[TraversalId, Summary]) -> Sequence[str]:
    found = []
    for order in evidence.orders:
        traversal = evidence.accepted.get(order.key)
        if traversal is None:
            found.append(f"{order.key} was never accepted")
        elif traversal not in summaries:
            found.append(f"{order.key} was accepted, and is lost")
        elif (wrong := what_is_wrong(order, summaries[traversal])) is not None:
            found.append(wrong)
    wanted = set(evidence.accepted.values())
    if len(wanted) < len(evidence.accepted):
        found.append("two keys have one traversal")
    of_users = (each.traversal for each in summaries.values() if each.traversal == each.origin.root)
    return [*found, *(f"{each} was wanted by nobody" for each in of_users if each not in wanted)]


async def _wrong_journals(ports: Ports, summaries: Mapping[TraversalId, Summary]) -> Sequence[str]:
    found = []
    for traversal in summaries:
        try:
            await check_journal(ports, traversal)
        except AssertionError as error:
            found.append(str(error))
    return found


async def _wrong_deeds(ports: Ports, summaries: Mapping[TraversalId, Summary], evidence: Evidence) -> Sequence[str]:
    """What was done outside, and nobody asked for; and what succeeded, as its traversal thinks, and was not done."""
    made = {*evidence.outside.delivered, *evidence.posted}
    asked: set[tuple[TraversalId, str, int]] = set()
    deliveries: dict[str, str] = {}
    succeeded: set[str] = set()
    for traversal in summaries:
        for decision in await ports.journal.decisions(traversal):
            succeeded.update(
                idempotency_key(traversal, event.node) for event in decision.events if isinstance(event, NodeSucceeded)
            )
            for effect in decision.effects:
                if isinstance(effect, DispatchNode):
                    asked.add((traversal, effect.node, effect.attempt))
                    if effect.parameters.keys() & _DELIVERIES:
                        deliveries[idempotency_key(traversal, effect.node)] = f"{effect.node} of {traversal}"
    return [
        *(
            f"attempt {attempt} at {node} of {traversal} was made, and nobody asked for it"
            for traversal, node, attempt in evidence.outside.worked
            if (traversal, node, attempt) not in asked
        ),
        *(f"the delivery {key} was made, and nobody asked for it" for key in sorted(made - deliveries.keys())),
        *(
            f"the delivery of {what} was not made"
            for key, what in deliveries.items()
            if key in succeeded and key not in made
        ),
    ]


async def _wrong_letters(ports: Ports, poison: Set[str]) -> Sequence[str]:
    letters = await all_dead_letters(ports)
    found = {letter.record.id for letter in letters}
    return [
        *(
            f"a dead letter that is no poison: {letter.record.topic} {letter.record.key}: {letter.reason}"
            for letter in letters
            if letter.record.id not in poison
        ),
        *(f"the poison {each} was not put aside" for each in sorted(poison - found)),
    ]


async def _left_behind(ports: Ports) -> Sequence[str]:
    swept = await sweeper_of(ports).sweep()
    waiting = await ports.event_book.waiting()
    return [
        *([f"{swept.missing} waits are for nothing that there is"] if swept.missing else []),
        *(f"{waiter.traversal} is thought to wait for {name.event}" for name, waiter in waiting),
    ]
