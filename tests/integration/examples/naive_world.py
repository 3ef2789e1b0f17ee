"""A second reading of the semantics, naive on purpose: the world of section 6, of messages, timers and events.

It shares no code with the core. It walks Spec documents as they stand, changes everything in place and is clever
nowhere, so that it can be read beside the text. `naive_traversal` is the table of section 3, `naive_children` the
paragraphs below it. It knows what `random_scenarios` writes, and no more: no templates, few conditions.
"""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from attrs import define, field

Document = dict[str, Any]

ROOT_KEY: Final = "the traversal that the user started"
_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_MOST_STEPS: Final = 100_000


def milliseconds(duration: str) -> int:
    """A duration as the Spec writes it; "0s" too."""
    number = duration.rstrip("smhd")
    return int(Fraction(number) * _MILLISECONDS[duration[len(number) :]])


@define(eq=False)
class Timer:
    """Something that happens at `due`, unless it is no longer `set`."""

    due: int
    fire: Callable[[], None]
    order: int = -1
    is_set: bool = True


@define(eq=False)
class Await:
    """An await that the inbox knows, and the event that it was answered with."""

    name: tuple[str, str]
    answer: Callable[[Any], None]
    event: "Event | None" = None


@define(eq=False)
class Event:
    """An event; `takers` are the awaits that have it and have not given it back."""

    number: int
    data: Any
    takers: list[Await] = field(factory=list)


class World:
    """Virtual time: a queue of messages, timers, workers who answer later, and the inbox."""

    def __init__(self, scenario: Document) -> None:
        self.scenario = scenario
        self.now = 0
        self.dispatched: list[str] = []
        self.queue: list[Callable[[], None]] = []
        self.timers: list[Timer] = []
        self.late_answers: list[tuple[int, int, Callable[[], None]]] = []
        self.numbers = itertools.count()
        self.waiting: dict[tuple[str, str], list[Await]] = {}
        self.kept: dict[tuple[str, str], list[Event]] = {}
        self._places: dict[object, int] = {}

    def send(self, message: Callable[[], None]) -> None:
        """First in, first out."""
        self.queue.append(message)

    def answer_later(self, delay: int, answer: Callable[[], None]) -> None:
        """An answer with `after`: it takes its place in the queue when it is due."""
        self.late_answers.append((self.now + delay, next(self.numbers), answer))

    def start_timer(self, timer: Timer) -> Timer:
        """The order of setting is the order of these calls."""
        timer.order = next(self.numbers)
        self.timers.append(timer)
        return timer

    def next_outcome(self, name: str, members: tuple[object, ...]) -> Document | None:
        """The next scripted outcome of that node, or of that node in that member of an each."""
        entries = self.scenario["outcomes"].get(name)
        if entries is None:
            return None
        place = self._places.get((name, members), 0)
        self._places[name, members] = place + 1
        outcome: Document = entries[min(place, len(entries) - 1)]
        return outcome

    def hear_event(self, name: str, key: str, data: Any) -> None:
        """An event from outside."""
        self._offer((name, key), Event(next(self.numbers), data))

    def wait_for(self, waiter: Await) -> None:
        """An await has come to the inbox."""
        kept = self.kept.get(waiter.name)
        if kept:
            self._give(waiter, kept.pop(0))
        else:
            self.waiting.setdefault(waiter.name, []).append(waiter)

    def withdraw(self, waiter: Await) -> None:
        """An await whose answer nobody has seen was canceled: what it had goes back, unless another has it."""
        event = waiter.event
        if event is None:
            if waiter in self.waiting.get(waiter.name, []):
                self.waiting[waiter.name].remove(waiter)
            return
        event.takers.remove(waiter)
        if not event.takers:
            self._offer(waiter.name, event)

    def forget_events_of_root(self) -> None:
        """The traversal that the user started has ended."""
        self.kept = {name: events for name, events in self.kept.items() if name[1] != ROOT_KEY}

    def _offer(self, name: tuple[str, str], event: Event) -> None:
        waiting = self.waiting.pop(name, [])
        for waiter in waiting:
            self._give(waiter, event)
        if not waiting:
            self.kept[name] = sorted([*self.kept.get(name, []), event], key=lambda kept: kept.number)

    def _give(self, waiter: Await, event: Event) -> None:
        waiter.event = event
        event.takers.append(waiter)
        self.send(lambda: waiter.answer(event.data))

    def run(self, begin: Callable[[], None], hear: Callable[[Document], None]) -> None:
        """Until nothing is left to happen. `hear` takes the file's signals."""
        signals = list(self.scenario["signals"])
        has_begun = False
        for _ in range(_MOST_STEPS):
            due = sorted((late for late in self.late_answers if late[0] <= self.now), key=lambda late: late[:2])
            self.late_answers = [late for late in self.late_answers if late[0] > self.now]
            self.queue.extend(answer for _, _, answer in due)
            while signals and milliseconds(signals[0]["at"]) == self.now:
                hear(signals.pop(0))
            if not has_begun:
                has_begun = True
                begin()
            elif self.queue:
                self.queue.pop(0)()
            elif not self._fire_one_timer() and not self._let_time_pass(signals):
                return
        raise AssertionError("the scenario does not come to an end")

    def _fire_one_timer(self) -> bool:
        self.timers = [timer for timer in self.timers if timer.is_set]
        due = [timer for timer in self.timers if timer.due <= self.now]
        if not due:
            return False
        first = min(due, key=lambda timer: (timer.due, timer.order))
        first.is_set = False
        first.fire()
        return True

    def _let_time_pass(self, signals: list[Document]) -> bool:
        moments = [timer.due for timer in self.timers]
        moments += [late[0] for late in self.late_answers]
        moments += [milliseconds(signal["at"]) for signal in signals]
        if moments:
            self.now = min(moments)
        return bool(moments)


class Actor:
    """What a traversal and a series have in common: they begin, end, are paused, and have a follow-up and a parent."""

    def __init__(
        self,
        world: World,
        spec: Document,
        path: tuple[str, ...],
        members: tuple[object, ...],
        payload: Any,
        answer: Callable[["Actor"], None] | None,
    ) -> None:
        self.world = world
        self.spec = spec
        self.path = path
        self.members = members
        self.payload = payload
        self.answer = answer
        self.status = "new"
        self.output: Any = None
        self.error: str | None = None
        self.has_begun = False
        self.ended_at: int | None = None
        self.is_paused = False
        self.follow_up: Actor | None = None
        self.is_root = False

    @property
    def has_ended(self) -> bool:
        return self.status in ("completed", "failed", "canceled", "timed-out")

    def name(self, own: str) -> str:
        return "/".join([*self.path, own])

    def tell_of_the_end(self, on_end: Document | None, start: Callable[..., "Actor"]) -> None:
        """The messages of an end: the follow-up's begin, then the answer."""
        self.ended_at = self.world.now
        if self.is_root:
            self.world.forget_events_of_root()
        if self.has_begun and on_end is not None:
            payload = {"status": self.status, "payload": self.payload}
            if self.status == "completed":
                payload["output"] = self.output
            else:
                payload["error"] = {"code": self.error}
            self.follow_up = start(self.world, on_end, (*self.path, "onEnd"), self.members, payload, None)
            self.world.send(self.follow_up.begin)
        if self.answer is not None:
            answer = self.answer
            self.world.send(lambda: answer(self))

    def begin(self) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        raise NotImplementedError

    def pause(self) -> None:
        """Before the begin it changes nothing."""
        if self.status == "running":
            self.is_paused = True

    def unpause(self) -> None:
        raise NotImplementedError

    def cancel_branches(self, fork: str, branches: list[str]) -> None:
        """Only a traversal has branches."""

    def statuses(self) -> dict[str, str | None]:
        """By name; None where the members of an each do not share one."""
        raise NotImplementedError
