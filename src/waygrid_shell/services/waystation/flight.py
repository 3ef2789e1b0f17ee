"""Where what a traversal waits for is: with whoever it is for, perhaps on its way, or nowhere.

A log cannot be asked for one message. But what is older than all that a topic holds has been handled, and what came of
that has been published; so the order of looking makes it certain. First the topics: what is not in them has come to
whoever keeps it, or has been answered. Then the keepers: timers that are set, awaits that wait, children. What is not
with them either has been answered, or is nowhere. The answer is in the topic of the waystation, if anywhere: once that
holds nothing from before the looking, and the traversal has not changed, it was nowhere.

But what was decided a moment ago may not have been sent yet, nor what the inbox has answered: whoever was to send it
has died, and the next one is about to. Both have not acknowledged what they were told. So what seems to be nowhere is
looked for once more, when all that they had been told by then is done with.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

import anyio
from attrs import frozen

from waygrid_core.inbox.mailbox import Waiter, mailbox_of
from waygrid_core.message.messages import Message, NodeTraversalRequested, TimerRequested, TraversalRequested
from waygrid_core.model.address import INBOX, WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.topic import topic_name
from waygrid_shell.ports.clock import Clock
from waygrid_shell.ports.event_book import EventBook
from waygrid_shell.ports.event_log import EventLog
from waygrid_shell.ports.journal import Journal, Summary
from waygrid_shell.ports.timer_book import TimerBook

_ANSWERS: Final = topic_name(WAYSTATION)
_EVENTS: Final = topic_name(INBOX)

_CLOCKS_DIFFER: Final = timedelta(seconds=1)
"""By so much at most, it is assumed, from process to process; a topic that is empty needs no clock."""

_PATIENCE_SECONDS: Final = 10.0
"""What the waystations are given to hear what they had been sent; if they lag, nothing is certain."""

_SHORTEST_LOOK_SECONDS: Final = 0.02


class Whereabouts(Enum):
    """What is known of something that is waited for."""

    THERE = auto()
    PERHAPS_ON_ITS_WAY = auto()
    NOWHERE = auto()


@frozen(kw_only=True)
class Wait:
    """A traversal waits for what `message` asks `receiver` for. It was at that version when it changed last."""

    traversal: TraversalId
    version: int
    changed_at: datetime
    receiver: ServiceAddress
    message: Message


class Flight:
    """Looks for what traversals wait for."""

    def __init__(
        self, *, event_log: EventLog, journal: Journal, timer_book: TimerBook, event_book: EventBook, clock: Clock
    ) -> None:
        self._log = event_log
        self._journal = journal
        self._timers = timer_book
        self._events = event_book
        self._clock = clock

    async def look_for(self, waits: Sequence[Wait]) -> Sequence[Whereabouts]:
        """Where each is. Takes seconds if something seems to be nowhere while the waystations are busy."""
        found, _ = await self._look(waits)
        suspects = [number for number, where in enumerate(found) if where is Whereabouts.NOWHERE]
        if suspects:
            again = await self._look_again([waits[number] for number in suspects])
            for number, where in zip(suspects, again, strict=True):
                found[number] = where
        return found

    async def _look_again(self, suspects: Sequence[Wait]) -> Sequence[Whereabouts]:
        told = [_ANSWERS, *([_EVENTS] if any(wait.receiver == INBOX for wait in suspects) else [])]
        if not await self._is_heard_until(self._clock.now(), told):
            return [Whereabouts.PERHAPS_ON_ITS_WAY] * len(suspects)
        found, children = await self._look(suspects)
        nowhere = [number for number, where in enumerate(found) if where is Whereabouts.NOWHERE]
        if nowhere:
            confirmed = await self._confirm([suspects[number] for number in nowhere], children)
            for number, where in zip(nowhere, confirmed, strict=True):
                found[number] = where
        return found

    async def _look(self, waits: Sequence[Wait]) -> tuple[list[Whereabouts], Mapping[TraversalId, Summary]]:
        """Where each is, as far as one look tells; and the children among them as they were."""
        oldest = await self._log.oldest(sorted({topic_name(wait.receiver) for wait in waits}))
        children = await self._children(waits)
        kept = await self._kept(waits, children)
        found: list[Whereabouts] = []
        for wait, is_kept in zip(waits, kept, strict=True):
            first = oldest.get(topic_name(wait.receiver))
            if is_kept:
                found.append(Whereabouts.THERE)
            elif first is not None and first <= wait.changed_at:
                found.append(Whereabouts.PERHAPS_ON_ITS_WAY)
            else:
                found.append(Whereabouts.NOWHERE)
        return found, children

    async def _kept(self, waits: Sequence[Wait], children: Mapping[TraversalId, Summary]) -> Sequence[bool]:
        """Whether each is with whoever keeps it; of work nobody knows."""
        timers = [wait.message.timer for wait in waits if isinstance(wait.message, TimerRequested)]
        are_set = await self._timers.are_set(timers) if timers else frozenset()
        awaits = {
            id(wait): mailbox_of(wait.message.parameters, wait.message.root)
            for wait in waits
            if wait.receiver == INBOX and isinstance(wait.message, NodeTraversalRequested)
        }
        mailboxes = await self._events.load(list(set(awaits.values()))) if awaits else {}
        kept = []
        for wait in waits:
            match wait.message:
                case TimerRequested(timer=timer):
                    kept.append(timer in are_set)
                case TraversalRequested(traversal=child):
                    kept.append(child in children and children[child].ended_at is None)
                case NodeTraversalRequested(traversal=traversal, node=node, attempt=attempt):
                    found = mailboxes.get(awaits[id(wait)]) if id(wait) in awaits else None
                    kept.append(found is not None and Waiter(traversal, node, attempt) in found.mailbox.waiting)
                case _:
                    kept.append(False)
        return kept

    async def _children(self, waits: Sequence[Wait]) -> Mapping[TraversalId, Summary]:
        asked = [wait.message.traversal for wait in waits if isinstance(wait.message, TraversalRequested)]
        return await self._journal.summaries(asked) if asked else {}

    async def _confirm(self, suspects: Sequence[Wait], before: Mapping[TraversalId, Summary]) -> Sequence[Whereabouts]:
        """`before`: the children as they were; the answer of one that had ended was sent by then."""
        if not await self._is_heard_until(self._clock.now(), [_ANSWERS]):
            return [Whereabouts.PERHAPS_ON_ITS_WAY] * len(suspects)
        children = await self._children(suspects)
        now = await self._journal.summaries([wait.traversal for wait in suspects])
        found = []
        for wait in suspects:
            summary = now.get(wait.traversal)
            child = wait.message.traversal if isinstance(wait.message, TraversalRequested) else None
            has_begun_since = child is not None and child in children and child not in before
            if has_begun_since or summary is None or summary.version != wait.version:
                found.append(Whereabouts.THERE)
            elif await self._has_changed_since(wait):
                found.append(Whereabouts.PERHAPS_ON_ITS_WAY)
            else:
                found.append(Whereabouts.NOWHERE)
        return found

    async def _has_changed_since(self, wait: Wait) -> bool:
        """Whether what is waited for was decided later than it was thought to be: who saw it then saw it just before.

        It is younger than what was looked at in its topic, and says nothing of what is older.
        """
        made = await self._journal.decisions(wait.traversal, after=wait.version - 1, limit=1)
        return any(decision.at > wait.changed_at for decision in made)

    async def _is_heard_until(self, instant: datetime, topics: Sequence[str]) -> bool:
        """Whether all that was sent to these topics before that has been heard, within a while."""
        rest = _SHORTEST_LOOK_SECONDS
        with anyio.move_on_after(_PATIENCE_SECONDS):
            while True:
                oldest = await self._log.oldest(topics)
                if all(first > instant + _CLOCKS_DIFFER for first in oldest.values()):
                    return True
                await anyio.sleep(rest)
                rest = min(1.0, rest * 2)
        return False
