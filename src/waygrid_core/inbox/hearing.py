"""What a mailbox does with a signal. Source: semantics, section 3, "Events from outside"."""

from typing import TypeAlias, assert_never

from attrs import evolve

from waygrid_core.inbox.mailbox import (
    Answer,
    AwaitCanceled,
    AwaitComes,
    EventComes,
    HeardEvent,
    InboxSignal,
    Mailbox,
    TraversalEnds,
    Waiter,
)
from waygrid_core.model.persistent_map import PersistentMap

Heard: TypeAlias = tuple[Mailbox, tuple[Answer, ...]]
"""The mailbox after a signal, and the answers to send, in order."""


def hear(mailbox: Mailbox, signal: InboxSignal) -> Heard:
    """What `signal` does. Total; what came before changes nothing, but an await that has its answer is told again."""
    match signal:
        case AwaitComes(waiter=waiter):
            return _await_comes(mailbox, waiter)
        case AwaitCanceled(waiter=waiter):
            return _await_canceled(mailbox, waiter)
        case EventComes(id=event, data=data):
            if event in mailbox.events:
                return mailbox, ()
            heard = HeardEvent(mailbox.arrivals, data)
            return _offer(
                evolve(mailbox, arrivals=mailbox.arrivals + 1, events=mailbox.events.set(event, heard)), event
            )
        case TraversalEnds():
            return evolve(mailbox, kept=()), ()
        case _:
            assert_never(signal)


def told_again(mailbox: Mailbox, signal: InboxSignal) -> tuple[Answer, ...]:
    """What the mailbox answered when it heard `signal` before: whoever kept that may have told nobody.

    Whoever has been told already is told the same. An await that comes again is told by `hear`.
    """
    match signal:
        case EventComes(id=event):
            return tuple(_answer(mailbox, waiter, given) for waiter, given in _answered(mailbox) if given == event)
        case AwaitCanceled():  # which event it gave back, and to whom, is not known any more
            return tuple(_answer(mailbox, waiter, given) for waiter, given in _answered(mailbox))
        case AwaitComes() | TraversalEnds():
            return ()
        case _:
            assert_never(signal)


def _answered(mailbox: Mailbox) -> list[tuple[Waiter, str]]:
    return sorted(mailbox.answered.items(), key=lambda each: (each[0].traversal, each[0].node, each[0].attempt))


def _await_comes(mailbox: Mailbox, waiter: Waiter) -> Heard:
    if waiter in mailbox.withdrawn or waiter in mailbox.waiting:
        return mailbox, ()
    if waiter in mailbox.answered:
        return mailbox, (_answer(mailbox, waiter, mailbox.answered[waiter]),)
    waiting = mailbox.waiting.set(waiter, mailbox.arrivals)
    came = evolve(mailbox, arrivals=mailbox.arrivals + 1, waiting=waiting)
    if not came.kept:
        return came, ()
    first, *others = came.kept
    return _give(evolve(came, kept=tuple(others)), first)


def _await_canceled(mailbox: Mailbox, waiter: Waiter) -> Heard:
    if waiter in mailbox.withdrawn:
        return mailbox, ()
    withdrawn = mailbox.withdrawn.set(waiter, True)
    if waiter in mailbox.waiting:
        return evolve(mailbox, withdrawn=withdrawn, waiting=mailbox.waiting.delete(waiter)), ()
    if waiter not in mailbox.answered:
        return evolve(mailbox, withdrawn=withdrawn), ()  # the cancel overtook the await
    event = mailbox.answered[waiter]
    heard = mailbox.events[event]
    given_back = evolve(
        mailbox,
        withdrawn=withdrawn,
        answered=mailbox.answered.delete(waiter),
        events=mailbox.events.set(event, evolve(heard, takers=heard.takers - 1)),
    )
    return _offer(given_back, event) if heard.takers == 1 else (given_back, ())


def _offer(mailbox: Mailbox, event: str) -> Heard:
    """An event that nobody has: to all that wait now; else it is kept, in order of arrival."""
    if mailbox.waiting:
        return _give(mailbox, event)
    position = mailbox.events[event].position
    index = len(mailbox.kept)
    while index > 0 and mailbox.events[mailbox.kept[index - 1]].position > position:
        index -= 1
    return evolve(mailbox, kept=(*mailbox.kept[:index], event, *mailbox.kept[index:])), ()


def _give(mailbox: Mailbox, event: str) -> Heard:
    """The event answers every await that waits, in the order in which they came."""
    waiters = sorted(mailbox.waiting, key=lambda waiter: mailbox.waiting[waiter])
    answered = mailbox.answered.update(dict.fromkeys(waiters, event))
    heard = evolve(mailbox.events[event], takers=len(waiters))
    given = evolve(
        mailbox,
        waiting=PersistentMap[Waiter, int](),
        answered=answered,
        events=mailbox.events.set(event, heard),
    )
    return given, tuple(_answer(given, waiter, event) for waiter in waiters)


def _answer(mailbox: Mailbox, waiter: Waiter, event: str) -> Answer:
    return Answer(waiter, event, mailbox.events[event].data)
