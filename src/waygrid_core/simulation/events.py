"""The inbox of a simulation: every mailbox that anything came to."""

from waygrid_core.inbox.hearing import hear
from waygrid_core.inbox.mailbox import (
    EMPTY_MAILBOX,
    Answer,
    AwaitCanceled,
    AwaitComes,
    EventComes,
    InboxSignal,
    Mailbox,
    MailboxName,
    TraversalEnds,
    Waiter,
)
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import JsonValue


class Mailboxes:
    """Hears awaits and events, each in its mailbox, and gives the answers to send."""

    __slots__ = ("_events", "_mailboxes", "_overtaken", "_waits_at")

    def __init__(self) -> None:
        self._mailboxes: dict[MailboxName, Mailbox] = {}
        self._waits_at: dict[Waiter, MailboxName] = {}
        self._overtaken: set[Waiter] = set()
        self._events = 0

    def await_comes(self, waiter: Waiter, name: MailboxName) -> tuple[Answer, ...]:
        """An await was dispatched."""
        if waiter in self._overtaken:
            return ()
        self._waits_at[waiter] = name
        return self._hear(name, AwaitComes(waiter))

    def await_canceled(self, waiter: Waiter) -> tuple[Answer, ...]:
        """It was canceled; a cancel that overtook its await is remembered."""
        name = self._waits_at.get(waiter)
        if name is None:
            self._overtaken.add(waiter)
            return ()
        return self._hear(name, AwaitCanceled(waiter))

    def event_comes(self, name: MailboxName, data: JsonValue) -> tuple[Answer, ...]:
        """Something happened outside, unlike all before."""
        self._events += 1
        return self._hear(name, EventComes(str(self._events), data))

    def traversal_ends(self, traversal: TraversalId) -> None:
        """What is kept for it goes."""
        for name in self._mailboxes:
            if name.key == traversal:
                self._hear(name, TraversalEnds())

    def _hear(self, name: MailboxName, signal: InboxSignal) -> tuple[Answer, ...]:
        self._mailboxes[name], answers = hear(self._mailboxes.get(name, EMPTY_MAILBOX), signal)
        return answers
