"""What must be true of what a plant keeps, whatever happened to the processes that wrote it."""

import re
from collections import Counter
from collections.abc import Mapping, Set
from datetime import datetime
from pathlib import Path
from typing import Final

import anyio
from attrs import frozen

from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.effects import DispatchNode
from waygrid_shell.api.access import ANYBODY
from waygrid_shell.hosting.worker import idempotency_key
from waygrid_shell.ports.claim_book import Claim
from waygrid_shell.ports.event_log import DeadLetter
from waygrid_shell.ports.journal import Summary
from waygrid_shell.ports.timer_book import TimerBook
from waygrid_shell.runtime.chores import sweeper_of
from waygrid_shell.runtime.wiring import Ports, sqlite_ports
from waygrid_shell.services.waystation.sweeper import Swept
from waygrid_shell.simulation.judging import all_dead_letters, check_journal, everything, unrest

_AT_ONCE: Final = 8
"""Traversals that are looked at side by side."""

_SHOWN: Final = 5

_MARK: Final = re.compile(r"poison-[0-9a-z.-]+")
"""What a test writes into a record that nobody can read, to know it again."""

_ANOTHER: Final = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S")
"""What a key would be claimed for that nobody has claimed."""


@frozen(kw_only=True)
class Evidence:
    """What a test did: to be compared with what the plant made of it.

    `accepted` are traversals by the idempotency keys that they were handed in with, `delivered` the keys of deliveries
    that arrived, `poison` the marks of records that nobody can read. Of traversals, those begun `since` are judged.
    """

    accepted: Mapping[str, str]
    delivered: Set[str]
    poison: Set[str] = frozenset()
    since: datetime | None = None


async def judge_data(data: Path, accepted: Mapping[str, str], delivered: Set[str]) -> None:
    """See `judge`; of the data of a server that has stopped."""
    async with sqlite_ports(data) as ports:
        await judge(ports, Evidence(accepted=accepted, delivered=delivered))


async def judge(ports: Ports, evidence: Evidence) -> None:
    """Nothing was lost, nothing was done twice, nothing is left: see the assertions. The plant must be at rest."""
    left = await unrest(ports, timers_of(ports))
    assert not left, f"there is no rest: {left}"
    assert await sweeper_of(ports).sweep() == Swept()
    assert await ports.event_book.waiting() == []
    letters = {mark_of(letter) for letter in await all_dead_letters(ports)}
    assert not letters - evidence.poison, f"dead letters that are no poison: {_some(letters - evidence.poison)}"
    assert not evidence.poison - letters, f"poison that was not put aside: {_some(evidence.poison - letters)}"
    summaries = await everything(ports, evidence.since)
    roots = {each.traversal for each in summaries if each.origin.parent is None and _is_of_user(each)}
    accepted = set(evidence.accepted.values())
    assert not accepted - roots, f"traversals that were lost: {_some(accepted - roots)}"
    assert not roots - accepted, f"traversals that nobody asked for: {_some(roots - accepted)}"
    await _judge_claims(ports, evidence.accepted)
    delivered: set[str] = set()
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def look_at(summary: Summary) -> None:
        async with limiter:
            await check_journal(ports, summary.traversal)
            delivered.update(await deliveries_of(ports, summary.traversal))

    async with anyio.create_task_group() as tasks:
        for summary in summaries:
            tasks.start_soon(look_at, summary)
    missing, extra = delivered - evidence.delivered, evidence.delivered - delivered
    assert not missing, f"deliveries that succeeded, and were not made: {_some(missing)}"
    assert not extra, f"deliveries that were made, and that nobody asked for: {_some(extra)}"


def timers_of(ports: Ports) -> TimerBook:
    """The book of all timers: what a cluster has beside it is an index, the schedulers' own."""
    book: TimerBook = getattr(ports.timer_book, "_book", ports.timer_book)
    return book


def mark_of(letter: DeadLetter) -> str:
    """The mark of a record that a test poisoned; of any other all that is known about it."""
    record = letter.record
    known = f"{record.topic} {record.key} {dict(record.headers)} {record.value!r}: {letter.reason}"
    found = _MARK.search(known)
    return known if found is None else found.group()


async def deliveries_of(ports: Ports, traversal: TraversalId) -> set[str]:
    """The keys of the deliveries that a traversal asked for. In this load all of them succeed in the end."""
    decisions = await ports.journal.decisions(traversal)
    return {
        idempotency_key(traversal, effect.node)
        for decision in decisions
        for effect in decision.effects
        if isinstance(effect, DispatchNode) and "url" in effect.parameters
    }


def claim_key(idempotency_key: str) -> str:
    """Under which the HTTP API claims what anybody hands in with that key."""
    return digest_hex(canonical_json(["http", f"{ANYBODY}\n{idempotency_key}"]))


async def _judge_claims(ports: Ports, accepted: Mapping[str, str]) -> None:
    assert max(Counter(accepted.values()).values(), default=1) == 1, "two keys have one traversal"
    # Who asks with the traversal that a key should have cannot tell whether it had none: so it asks with another.
    asked = [Claim(claim_key(key), _ANOTHER, "") for key in accepted]
    held = await ports.claim_book.claim(asked) if asked else []
    assert [claim.traversal for claim in held] == list(accepted.values()), "one key, one traversal"


def _some(found: Set[str]) -> str:
    shown = sorted(found)[:_SHOWN]
    return f"{len(found)}, such as {', '.join(shown)}"


def _is_of_user(summary: Summary) -> bool:
    return summary.traversal == summary.origin.root
