"""A mailbox: a row for each sentence of the design about events from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.inbox.hearing import hear, told_again
from waygrid_core.inbox.mailbox import (
    EMPTY_MAILBOX,
    Answer,
    AwaitCanceled,
    AwaitComes,
    EventComes,
    InboxSignal,
    MailboxName,
    TraversalEnds,
    Waiter,
    mailbox_of,
)
from waygrid_core.model.identifiers import NodeId, TraversalId

ROOT = TraversalId("01KE0000000000000000000000")
A, B, C = (Waiter(TraversalId(name), NodeId("00000000000000aa"), 1) for name in "ABC")


class Inbox:
    """One mailbox that hears one signal after another; answers are told as (waiter, data)."""

    def __init__(self) -> None:
        self.mailbox = EMPTY_MAILBOX
        self.events = 0

    def hear(self, signal: InboxSignal) -> list[tuple[Waiter, object]]:
        self.mailbox, answers = hear(self.mailbox, signal)
        return [(answer.waiter, answer.data) for answer in answers]

    def event(self, data: str) -> list[tuple[Waiter, object]]:
        return self.hear(EventComes(data, data))

    def waits(self, waiter: Waiter) -> list[tuple[Waiter, object]]:
        return self.hear(AwaitComes(waiter))

    def cancel(self, waiter: Waiter) -> list[tuple[Waiter, object]]:
        return self.hear(AwaitCanceled(waiter))


def test_an_event_answers_every_await_that_waits_in_the_order_in_which_they_came() -> None:
    inbox = Inbox()
    assert inbox.waits(B) == []
    assert inbox.waits(A) == []
    assert inbox.event("e1") == [(B, "e1"), (A, "e1")]


def test_an_event_that_answered_is_not_kept() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.event("e1")
    assert inbox.waits(B) == []


def test_events_that_none_waits_for_are_kept_in_order_and_each_await_takes_one() -> None:
    inbox = Inbox()
    assert inbox.event("e1") == []
    assert inbox.event("e2") == []
    assert inbox.waits(A) == [(A, "e1")]
    assert inbox.waits(B) == [(B, "e2")]
    assert inbox.waits(C) == []


def test_an_await_that_was_canceled_is_not_answered() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.waits(B)
    inbox.cancel(A)
    assert inbox.event("e1") == [(B, "e1")]


def test_an_await_canceled_before_its_answer_was_seen_gives_the_event_back_to_those_that_wait_now() -> None:
    inbox = Inbox()
    inbox.event("e1")
    inbox.waits(A)
    inbox.waits(B)
    inbox.waits(C)
    assert inbox.cancel(A) == [(B, "e1"), (C, "e1")]


def test_an_event_given_back_while_none_waits_stands_before_those_kept_after_it() -> None:
    inbox = Inbox()
    inbox.event("e1")
    inbox.waits(A)
    inbox.event("e2")
    assert inbox.cancel(A) == []
    assert inbox.waits(B) == [(B, "e1")]
    assert inbox.waits(C) == [(C, "e2")]


def test_an_event_given_back_stands_after_those_kept_before_it() -> None:
    inbox = Inbox()
    inbox.event("e1")
    inbox.event("e2")
    inbox.waits(A)
    inbox.waits(B)
    inbox.cancel(B)
    inbox.cancel(A)
    assert inbox.waits(C) == [(C, "e1")]


def test_an_event_that_another_await_took_is_not_given_back() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.waits(B)
    inbox.event("e1")
    assert inbox.cancel(A) == []
    assert inbox.waits(C) == []


def test_an_event_is_given_back_once_all_awaits_that_took_it_were_canceled() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.waits(B)
    inbox.event("e1")
    inbox.cancel(A)
    inbox.cancel(B)
    assert inbox.waits(C) == [(C, "e1")]


def test_an_event_that_comes_again_changes_nothing() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.event("e1")
    inbox.waits(B)
    assert inbox.event("e1") == []
    inbox.event("e2")
    assert inbox.event("e2") == []
    assert inbox.waits(C) == []


def test_whoever_an_event_answered_can_be_told_again_whatever_came_in_between() -> None:
    inbox = Inbox()
    for waiter in (B, A):
        inbox.waits(waiter)
    inbox.event("e1")
    inbox.waits(C)
    inbox.event("e2")
    again = told_again(inbox.mailbox, EventComes("e1", "e1"))
    assert [(answer.waiter, answer.data) for answer in again] == [(A, "e1"), (B, "e1")]
    assert told_again(inbox.mailbox, EventComes("new", "new")) == ()


def test_whoever_got_an_event_that_a_cancel_gave_back_can_be_told_again() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.event("e1")
    inbox.waits(B)
    assert inbox.cancel(A) == [(B, "e1")]
    again = told_again(inbox.mailbox, AwaitCanceled(A))
    assert [(answer.waiter, answer.data) for answer in again] == [(B, "e1")]


def test_an_event_like_another_is_another_event() -> None:
    inbox = Inbox()
    inbox.hear(EventComes("1", "same"))
    inbox.hear(EventComes("2", "same"))
    assert inbox.waits(A) == [(A, "same")]
    assert inbox.waits(B) == [(B, "same")]


def test_an_await_that_comes_again_waits_once() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.waits(A)
    assert inbox.event("e1") == [(A, "e1")]


def test_an_await_that_was_answered_and_comes_again_is_told_its_answer_again() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.event("e1")
    inbox.event("e2")
    assert inbox.waits(A) == [(A, "e1")]
    assert inbox.waits(B) == [(B, "e2")]


def test_an_await_that_was_canceled_and_comes_again_does_not_wait_again() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.cancel(A)
    assert inbox.waits(A) == []
    assert inbox.event("e1") == []
    assert inbox.waits(B) == [(B, "e1")]


def test_a_cancel_may_overtake_its_await() -> None:
    inbox = Inbox()
    inbox.cancel(A)
    inbox.event("e1")
    assert inbox.waits(A) == []
    assert inbox.waits(B) == [(B, "e1")]


def test_a_cancel_that_comes_again_gives_nothing_back_again() -> None:
    inbox = Inbox()
    inbox.event("e1")
    inbox.waits(A)
    inbox.cancel(A)
    inbox.waits(B)
    assert inbox.cancel(A) == []
    assert inbox.waits(C) == []


def test_what_is_kept_goes_when_its_traversal_ends() -> None:
    inbox = Inbox()
    inbox.event("e1")
    inbox.hear(TraversalEnds())
    assert inbox.waits(A) == []
    assert inbox.event("e2") == [(A, "e2")]


def test_what_waits_goes_on_waiting_when_the_traversal_ends() -> None:
    inbox = Inbox()
    inbox.waits(A)
    inbox.hear(TraversalEnds())
    assert inbox.event("e1") == [(A, "e1")]


def test_without_a_key_an_await_waits_for_the_users_traversal() -> None:
    assert mailbox_of({"event": "paid"}, ROOT) == MailboxName("paid", ROOT)
    assert mailbox_of({"event": "paid", "key": "o-1"}, ROOT) == MailboxName("paid", "o-1")


@pytest.mark.parametrize("count", [3_000])
def test_one_event_answers_thousands(count: int) -> None:
    inbox = Inbox()
    waiters = [Waiter(TraversalId(str(index)), NodeId("0"), 1) for index in range(count)]
    for waiter in waiters:
        inbox.waits(waiter)
    assert inbox.event("e1") == [(waiter, "e1") for waiter in waiters]


WAITERS = st.sampled_from([A, B, C])
SIGNALS = st.one_of(
    st.builds(AwaitComes, WAITERS),
    st.builds(AwaitCanceled, WAITERS),
    st.sampled_from("uvwxyz").map(lambda event: EventComes(event, event)),
)


@given(st.lists(SIGNALS, max_size=40))
def test_no_event_is_lost_and_none_answers_an_await_that_has_another(signals: list[InboxSignal]) -> None:
    mailbox, came, told = EMPTY_MAILBOX, set[str](), dict[Waiter, Answer]()
    canceled = set[Waiter]()
    for signal in signals:
        mailbox, answers = hear(mailbox, signal)
        again, no_answers = hear(mailbox, signal)
        assert again == mailbox
        assert not isinstance(signal, EventComes | AwaitCanceled) or no_answers == ()
        if isinstance(signal, EventComes):
            came.add(signal.id)
        if isinstance(signal, AwaitCanceled):
            canceled.add(signal.waiter)
            told.pop(signal.waiter, None)
        for answer in answers:
            assert answer.waiter not in canceled
            assert told.setdefault(answer.waiter, answer) == answer
    held = {answer.event for answer in told.values()}
    assert held | set(mailbox.kept) == came
    assert not held & set(mailbox.kept)
    assert not (mailbox.kept and mailbox.waiting)
