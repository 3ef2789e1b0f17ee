"""Hands payloads and events to the plant, such that handing the same in again changes nothing.

A payload is known by its Spec, entry point, batch name, value and how many equal ones came before it; not by its line,
so that lines may be added, removed and moved between two runs. Its claim gives it one traversal for good.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from waygrid_core.children.derive import plan_for
from waygrid_core.dag.dag import Dag
from waygrid_core.message.identity import request_id
from waygrid_core.message.messages import EventReceived, TraversalRequested
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.model.digest import digest_hex, short_digest
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_in_order
from waygrid_shell.hosting.post import seal
from waygrid_shell.origins.batch.events import GivenEvent
from waygrid_shell.origins.batch.payloads import Payload
from waygrid_shell.ports.claim_book import Claim, ClaimBook
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_log import EventLog

BATCH: Final = ServiceAddress("origin", "batch")
_CLAIMED_AT_ONCE: Final = 2_000


@frozen
class Claimed:
    """A payload and the traversal that is its."""

    payload: Payload
    traversal: TraversalId


class Intake:
    """Takes a batch in."""

    def __init__(self, *, event_log: EventLog, claim_book: ClaimBook, clock: Clock) -> None:
        self._log = event_log
        self._claims = claim_book
        self._clock = clock

    async def claim(self, payloads: Sequence[Payload], dag: Dag, *, entry: int, batch: str) -> list[Claimed]:
        """The traversal of each payload: the one that it had in an earlier run, or a new one. Begins nothing."""
        seen: Counter[str] = Counter()
        claimed: list[Claimed] = []
        for start in range(0, len(payloads), _CLAIMED_AT_ONCE):
            part = payloads[start : start + _CLAIMED_AT_ONCE]
            milliseconds = int(self._clock.now().timestamp() * 1000)
            proposals = []
            for index, payload in enumerate(part, start=start):
                value = digest_hex(canonical_json(payload.value))
                seen[value] += 1
                key = digest_hex(canonical_json([dag.hash, entry, batch, value, seen[value]]))
                made = ulid_in_order(milliseconds, index, secrets.token_bytes(6))
                proposals.append(Claim(key, TraversalId(made), payload.place))
            held = await self._claims.claim(proposals)
            claimed += [Claimed(payload, claim.traversal) for payload, claim in zip(part, held, strict=True)]
        return claimed

    async def request(self, claimed: Sequence[Claimed], dag: Dag, *, entry: int) -> None:
        """Ask for these traversals. Once it returns they are accepted: they will run to their ends."""
        now = self._clock.now()
        await self._log.publish(
            [
                seal(
                    WAYSTATION,
                    TraversalRequested(
                        traversal=each.traversal,
                        plan=plan_for(dag),
                        payload=each.payload.value,
                        root=each.traversal,
                        entry=entry,
                    ),
                    request_id(each.traversal),
                    sender=BATCH,
                    sent_at=now,
                )
                for each in claimed
            ]
        )

    def events(
        self, given: Sequence[GivenEvent], traversals: Sequence[TraversalId], *, batch: str
    ) -> list[EventReceived]:
        """The events that were given, those without a key once for each of `traversals`.

        The same events in a batch of the same name are the same events: sent again, they are not heard again.
        """
        seen: Counter[str] = Counter()
        events = []
        for each in given:
            for key in traversals if each.key is None else [each.key]:
                content = digest_hex(canonical_json([batch, each.event, key, each.data]))
                seen[content] += 1
                event_id = short_digest(f"{content}/{seen[content]}".encode())
                events.append(EventReceived(event_id, each.event, key, each.data))
        return events

    async def send(self, events: Sequence[EventReceived]) -> None:
        """Send these events to whoever waits for them, now or later."""
        now = self._clock.now()
        await self._log.publish([seal(INBOX, event, event.id, sender=BATCH, sent_at=now) for event in events])
